"""A shell in an empty folder, with `winpush` on its path and an emulator behind it, as a reader of the docs has it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from winpush import mpns, webpush, wns
from winpush.delivery import Content, Outbox
from winpush.emulator import Emulator

TOAST = "<toast><visual><binding template='ToastGeneric'><text>Hello</text></binding></visual></toast>"


class Shell:
    """Runs what is typed. The login is in the environment, `$URI` is a Windows device's channel.

    `home` is where programs are put that what is typed expects on the path.
    """

    def __init__(self, emulator: Emulator, folder: Path, home: Path) -> None:
        self.emulator = emulator
        self.folder = folder
        self.device = emulator.create_windows_channel()
        self.phone = emulator.create_channel("8.0")
        self._home = home
        self._put("winpush", f'exec "{sys.executable}" -m winpush.cli "$@"')
        login = emulator.entra_credentials
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WINPUSH_")}
        self.variables = {
            **{name: value for name, value in kept.items() if not name.lower().endswith("_proxy")},
            "PATH": f"{home}{os.pathsep}{os.environ['PATH']}",
            "WINPUSH_ALLOW_HOST": " ".join(emulator.authorities),
            "WINPUSH_TENANT_ID": login.tenant_id,
            "WINPUSH_CLIENT_ID": login.client_id,
            "WINPUSH_CLIENT_SECRET": login.client_secret,
            "WINPUSH_TOKEN_SERVER": login.authority,
            "URI": self.device.uri,
        }

    def _put(self, name: str, script: str) -> None:
        """Puts a program on the path."""
        path = self._home / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def run(self, script: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """What is typed, to its end; it stops at the first command that fails."""
        return subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", script],
            cwd=self.folder,
            env={**self.variables, **changes},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def log_in_with_a_package(self) -> None:
        """Puts the login of a UWP app into the environment, instead of an Entra login."""
        login = self.emulator.package_credentials
        for name in ("WINPUSH_TENANT_ID", "WINPUSH_CLIENT_ID"):
            del self.variables[name]
        self.variables["WINPUSH_PACKAGE_SID"] = login.package_sid
        self.variables["WINPUSH_CLIENT_SECRET"] = login.client_secret

    def run_until(self, said: str, command: str, before: str = "") -> tuple[int, str]:
        """A command that runs until Ctrl-C, which is pressed once it has said this; its exit code and output."""
        if command.startswith("winpush emulator") and "--port" not in command:
            command += " --port 0"  # another program may have the usual one
        with subprocess.Popen(
            ["bash", "-c", f"{before}\nexec {command}"], cwd=self.folder, env=self.variables, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            seen = ""
            for line in process.stdout:
                seen += line
                if said in line:
                    process.send_signal(signal.SIGINT)
            return process.wait(), seen

    def fill(self, files: Mapping[str, str]) -> None:
        """Writes files into the folder."""
        for name, content in files.items():
            (self.folder / name).write_text(content)

    def fill_browser(self) -> None:
        """Gives the folder a VAPID key (vapid.pem) and a browser's subscription (browser.json)."""
        browser = self.emulator.create_subscription()
        keys = webpush.VapidKeys.generate("mailto:ops@example.com")
        self.fill({"browser.json": json.dumps(browser.subscription.to_dict()), "vapid.pem": keys.to_pem()})

    def fill_outbox(self, broadcasts: int = 1) -> None:
        """Gives the folder's outbox a Windows device (channel 1), a phone (channel 2) and stored broadcasts."""
        outbox = Outbox(f"sqlite:///{self.folder}/push.db", allow_hosts=self.emulator.authorities)
        try:
            more = {"tags": {"news"}, "locale": "de-AT"}
            outbox.register({"uri": self.device.uri, "platform": "windows", "key": "ada", **more})
            outbox.register({"uri": self.phone.uri, "platform": "8.0", "key": "bob", **more})
            for _ in range(broadcasts):
                outbox.broadcast(Content(mpns=mpns.Toast("Hello"), wns=wns.Toast("Hello")))
        finally:
            outbox.close()
