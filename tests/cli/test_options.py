"""The options of a connection, typed or from the environment: certificates, passphrases, proxies, timeouts."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path

import click
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.certificates import Certificates
from tests.cli.commands import URI, WINPUSH, call, environment, run
from tests.servers import Peer, Server
from tests.waiting import PATIENCE
from winpush.cli.options import connection_options
from winpush.emulator import Emulator

PASSPHRASE = "correct horse"


def silent(peer: Peer) -> None:
    peer.read_request()
    peer.wait_for_close()


@pytest.fixture
def files(tmp_path: Path, certificates: Certificates) -> dict[str, str]:
    """A client's certificate in every form that the options accept, and the server's authority."""
    leaf = certificates.authority.issue_cert("push.example")
    key = serialization.load_pem_private_key(leaf.private_key_pem.bytes(), None)
    locked = serialization.BestAvailableEncryption(PASSPHRASE.encode())
    certificate = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())
    contents = {
        "ca": certificates.authority.cert_pem.bytes(),
        "both": leaf.private_key_and_cert_chain_pem.bytes(),
        "certificate": leaf.cert_chain_pems[0].bytes(),
        "key": leaf.private_key_pem.bytes(),
        "locked_key": key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked),
        "pfx": pkcs12.serialize_key_and_certificates(b"", key, certificate, None, locked),  # type: ignore[arg-type]  # an RSA or EC key
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return {name: str(tmp_path / name) for name in contents}


@pytest.fixture
def mutual(certificates: Certificates) -> Callable[[], Server]:
    """Makes a server that wants the client's certificate."""

    def make() -> Server:
        authority: trustme.CA = certificates.authority
        return Server(context=certificates.server(client_ca=authority))

    return make


@pytest.mark.parametrize(
    "options",
    [
        {"certificate": "both"},
        {"certificate": "certificate", "key": "key"},
        {"certificate": "certificate", "key": "locked_key", "passphrase": PASSPHRASE},
        {"pfx": "pfx", "passphrase": PASSPHRASE},
    ],
)
@pytest.mark.parametrize("typed", [True, False], ids=["typed", "environment"])
def test_every_form_of_a_certificate_is_shown_to_the_server(
    mutual: Callable[[], Server], files: dict[str, str], options: dict[str, str], typed: bool
) -> None:
    with mutual() as server:
        chosen = {name: files.get(value, value) for name, value in options.items()}
        chosen |= {"ca": files["ca"], "allow-host": server.authority}
        if typed:
            done = run("send", "toast", server.uri(), "Hello", *(f"--{name}={chosen[name]}" for name in chosen))
        else:
            variables = {f"WINPUSH_{name.replace('-', '_').upper()}": value for name, value in chosen.items()}
            done = run("send", "toast", server.uri(), "Hello", **variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert PASSPHRASE not in done.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--certificate", "certificate", "--key", "locked_key"), "WINPUSH_PASSPHRASE"),
        (("--pfx", "pfx"), "WINPUSH_PASSPHRASE"),
        (("--pfx", "pfx", "--passphrase", "wrong secret"), "passphrase"),
        (("--certificate", "ca", "--key", "key"), "another certificate"),
        (("--pfx", "pfx", "--certificate", "certificate"), "Give either"),
        (("--key", "key"), "--certificate"),
        (("--ca", "key"), "ca"),
    ],
)
def test_a_certificate_that_cannot_work_is_exit_2(files: dict[str, str], options: tuple[str, ...], said: str) -> None:
    done = call("send", "toast", URI, "Hello", *(files.get(option, option) for option in options))
    assert done.returncode == 2
    assert said in done.stderr
    assert "wrong secret" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("option", [("--pfx", "pfx"), ("--certificate", "certificate", "--key", "locked_key")])
def test_a_passphrase_is_asked_for_on_a_terminal_and_not_shown(
    mutual: Callable[[], Server], files: dict[str, str], option: tuple[str, ...]
) -> None:
    ours, theirs = pty.openpty()
    with mutual() as server, os.fdopen(ours, "r+b", buffering=0) as terminal:
        arguments = ["send", "toast", server.uri(), "Hello", "--allow-host", server.authority, "--ca", files["ca"]]
        arguments += [files.get(each, each) for each in option]
        process = subprocess.Popen(
            [*WINPUSH, *arguments], stdin=theirs, stdout=subprocess.PIPE, stderr=theirs,
            start_new_session=True, env=environment(),
        )  # fmt: skip
        os.close(theirs)
        seen = b""
        while b": " not in seen:
            seen += terminal.read(1024)
        terminal.write(PASSPHRASE.encode() + b"\n")
        output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert seen.startswith(b"Passphrase of ")
    assert PASSPHRASE.encode() not in output


def test_insecure_is_loud_and_can_come_from_the_environment(certificates: Certificates) -> None:
    with Server(context=certificates.server()) as server:
        arguments = ("send", "toast", server.uri(), "Hello", "--allow-host", server.authority)
        refused = run(*arguments)
        loud = run(*arguments, WINPUSH_INSECURE="1")
    assert (refused.returncode, "tls-failed" in refused.stdout) == (1, True)
    assert (loud.returncode, "not verified" in loud.stderr) == (0, True)


@pytest.mark.parametrize("typed", [True, False], ids=["typed", "environment"])
def test_a_proxy_gets_the_request_with_the_credentials_that_nobody_sees(typed: bool) -> None:
    with Server() as proxy:
        address = f"http://user:hidden@{proxy.authority}"
        if typed:
            done = run("send", "toast", URI, "Hello", "--proxy", address)
        else:
            done = run("send", "toast", URI, "Hello", WINPUSH_PROXY=address)
    assert done.returncode == 0
    assert proxy.requests[0].startswith(f"POST {URI} HTTP/1.1\r\n".encode())
    assert b"Proxy-Authorization: Basic " in proxy.requests[0]
    assert "hidden" not in done.stdout + done.stderr


def test_the_environments_proxy_counts_for_the_services_and_not_for_this_machine() -> None:
    with Server() as proxy, Server() as here:
        through = run("send", "toast", URI, "Hello", HTTP_PROXY=f"http://{proxy.authority}")
        local = ("send", "toast", here.uri(), "Hello", "--allow-host", here.authority)
        direct = run(*local, HTTP_PROXY=f"http://{proxy.authority}")
        named = run(*local, "--proxy", f"http://{proxy.authority}")
    assert [done.returncode for done in (through, direct, named)] == [0, 0, 0]
    assert (len(proxy.requests), len(here.requests)) == (2, 1)


def test_a_useless_proxy_of_the_environment_is_named_as_such() -> None:
    done = run("send", "toast", URI, "Hello", HTTP_PROXY="socks4://user:hidden@127.0.0.1:1")
    assert done.returncode == 2
    assert "HTTP_PROXY" in done.stderr
    assert "hidden" not in done.stderr


@pytest.mark.parametrize("typed", [True, False], ids=["typed", "environment"])
def test_a_timeout_ends_a_send_as_a_failure(typed: bool) -> None:
    with Server(silent) as server:
        arguments = ("send", "toast", server.uri(), "Hello", "--json", "--allow-host", server.authority)
        done = run(*arguments, "--timeout", "0.2") if typed else run(*arguments, WINPUSH_TIMEOUT="0.2")
    assert done.returncode == 1
    assert json.loads(done.stdout)["outcome"] == "timed-out"


def test_several_hosts_fit_into_one_variable() -> None:
    with Server() as server:
        done = run("send", "toast", server.uri(), "a", WINPUSH_ALLOW_HOST=f"push.test {server.authority}")
    assert done.returncode == 0


def test_what_is_typed_counts_before_the_environment() -> None:
    with Server() as server:
        arguments = ("send", "toast", server.uri(), "a", "--allow-host", server.authority, "--timeout", "10")
        assert run(*arguments, WINPUSH_TIMEOUT="-1", WINPUSH_ALLOW_HOST="push.test").returncode == 0


def test_a_variable_that_cannot_work_is_named_by_its_option() -> None:
    done = run("send", "toast", URI, "a", WINPUSH_TIMEOUT="soon")
    assert done.returncode == 2
    assert "--timeout" in done.stderr


def test_every_option_of_a_connection_has_its_variable() -> None:
    command = click.Command("any")
    connection_options(command)
    options = [option for option in command.params if isinstance(option, click.Option)]
    assert {option.name: option.envvar for option in options} == {
        name: f"WINPUSH_{name.upper()}"
        for name in ("allow_host", "certificate", "key", "pfx", "passphrase", "ca", "insecure", "proxy", "timeout")
    }


@pytest.mark.parametrize("name", ["passphrase", "proxy"])
def test_an_option_that_can_hold_a_secret_says_who_sees_it_and_what_to_use(name: str) -> None:
    command = click.Command("any")
    connection_options(command)
    (option,) = [each for each in command.params if isinstance(each, click.Option) and each.name == name]
    assert "visible to all users of the machine" in str(option.help)
    assert "set the variable" in str(option.help)


def test_an_authenticated_channel_is_reached_with_a_certificate(tmp_path: Path) -> None:
    with Emulator(tls=True, seed=5) as emulator:
        certificate, key = emulator.make_client_certificate()
        for name, content in (("cert", certificate), ("key", key), ("ca", emulator.ca_pem)):
            (tmp_path / name).write_bytes(content)
        phone = emulator.create_channel(authenticated=True)
        host = ("--allow-host", emulator.authorities[1])
        paths = {name: str(tmp_path / name) for name in ("cert", "key", "ca")}
        good = run("send", "toast", phone.uri, "a", *host, "--ca", paths["ca"], "--certificate", paths["cert"],
                   "--key", paths["key"])  # fmt: skip
        assert good.returncode == 0, good.stdout + good.stderr
        loud = run("send", "toast", phone.uri, "a", *host, "--insecure")
    assert loud.returncode == 1
    assert "not verified" in loud.stderr
