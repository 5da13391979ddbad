"""A real PostgreSQL for the tests: WINPUSH_TEST_POSTGRES_URL, or one started from the machine's binaries."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa

from tests.waiting import eventually

__all__ = ["Relay", "Unavailable", "fresh_database", "pooled", "running", "server"]

_DEBIAN = Path("/usr/lib/postgresql")
_OTHERS = ("postgres", "nobody")
_PORT = 5432
# What the tests ask for is a database that keeps its promises to other processes, not one that survives a power cut.
_SETTINGS = ("listen_addresses=''", "fsync=off", "shared_buffers=32MB", "max_connections=60")


class Unavailable(Exception):
    """There is no PostgreSQL, and why."""


def _binary(name: str) -> str:
    found = shutil.which(name)
    if found is not None:
        return found
    versions = sorted(_DEBIAN.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    if not versions:
        raise Unavailable(f"there is no {name}; install PostgreSQL (Debian: apt-get install postgresql)")
    return str(versions[-1])


def _as_another() -> tuple[list[str], str | None]:
    """PostgreSQL refuses to run as root: the command that makes it another user, and the user's name."""
    if os.name == "nt" or os.geteuid() != 0:
        return [], None
    import pwd  # there is none on Windows

    names = {entry.pw_name for entry in pwd.getpwall()}
    user = next((name for name in _OTHERS if name in names), None)
    tool = shutil.which("setpriv")
    if user is None or tool is None:
        raise Unavailable("PostgreSQL can't run as root, and there is no setpriv and no user to run it as")
    group = str(pwd.getpwnam(user).pw_gid)
    return [tool, f"--reuid={user}", f"--regid={group}", "--clear-groups"], user


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """A server of our own in this folder, on a socket there and on no port. Raises Unavailable."""
    become, user = _as_another()
    if user is not None:
        shutil.chown(folder, user)
    cluster = Cluster(folder, become, _binary("initdb"), _binary("pg_ctl"))
    cluster.make()
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()


class Cluster:
    """PostgreSQL's files and its server, which can be stopped and started again."""

    def __init__(self, folder: Path, become: list[str], initdb: str, pg_ctl: str) -> None:
        self._folder, self._become, self._initdb, self._pg_ctl = folder, become, initdb, pg_ctl
        self.url = sa.URL.create(
            "postgresql", "winpush", database="postgres", query={"host": str(folder), "port": str(_PORT)}
        )

    def make(self) -> None:
        """Creates the files of the database."""
        self._run(self._initdb, "--auth=trust", "--username=winpush", "--no-sync", "--encoding=UTF8")

    def start(self) -> None:
        """Starts the server, and waits until it answers."""
        settings = " ".join(f"-c {setting}" for setting in _SETTINGS)
        options = f"{settings} -k {self._folder} -p {_PORT}"
        self._run(self._pg_ctl, "start", "--wait", f"--log={self._folder / 'log'}", f"--options={options}")

    def stop(self) -> None:
        """Stops it as a machine does that is restarted: connections are cut, nothing written is lost."""
        self._run(self._pg_ctl, "stop", "--wait", "--mode=fast")

    def kill(self) -> None:
        """Kills the server with -9, and waits until its sessions have noticed: the files are as they happen to be."""
        number = (self._folder / "data" / "postmaster.pid").read_text().split()[0]
        sessions = Path(f"/proc/{number}/task/{number}/children").read_text().split()
        self._run(self._pg_ctl, "kill", "KILL", number)
        eventually(lambda: not any(map(_is_alive, sessions)))

    def start_again(self) -> None:
        """Starts the server after `stop` or `kill`, as soon as it can be."""
        eventually(self._has_started)

    def _has_started(self) -> bool:
        try:
            self.start()
        except Unavailable:
            return False
        return True

    def _run(self, *command: str) -> None:
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PGDATA": str(self._folder / "data")}
        done = subprocess.run(
            [*self._become, *command],
            env=environment,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
        if done.returncode:
            raise Unavailable(f"{Path(command[0]).name} failed: {done.stderr.decode(errors='replace').strip()}")


def _is_alive(process: str) -> bool:
    """Whether a process is there, and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextmanager
def server() -> Iterator[sa.URL]:
    """The URL of a server where databases can be made. Raises Unavailable."""
    given = os.environ.get("WINPUSH_TEST_POSTGRES_URL")
    if given:
        yield sa.make_url(given)
        return
    # A short path: a socket's has at most 107 characters.
    with tempfile.TemporaryDirectory(prefix="winpush-pg-", dir="/tmp") as folder, running(Path(folder)) as cluster:
        yield cluster.url


@contextmanager
def fresh_database(url: sa.URL, name: str, template: str = "template1") -> Iterator[str]:
    """A new database on that server; yields its URL. It is dropped afterwards, whoever is connected."""
    maintenance = sa.create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    try:
        with maintenance.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield url.set(database=name).render_as_string(hide_password=False)
        with maintenance.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        maintenance.dispose()


_POOLER = """
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_port = {port}
unix_socket_dir = {folder}
auth_type = any
pool_mode = transaction
default_pool_size = 3
"""


@contextmanager
def pooled(url: sa.URL) -> Iterator[sa.URL]:
    """The database behind pgbouncer, which gives each transaction to another connection. Raises Unavailable."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise Unavailable("there is no pgbouncer; install it (Debian: apt-get install pgbouncer)")
    become, user = _as_another()
    with tempfile.TemporaryDirectory(prefix="winpush-pool-", dir="/tmp") as folder:
        settings = Path(folder) / "pgbouncer.ini"
        settings.write_text(_POOLER.format(host=url.query["host"], port=_PORT, user=url.username, folder=folder))
        if user is not None:
            shutil.chown(folder, user)
        process = subprocess.Popen([*become, program, "-q", settings], stderr=subprocess.DEVNULL)
        try:
            eventually(lambda: _listens(f"{folder}/.s.PGSQL.{_PORT}") or process.poll() is not None)
            yield url.update_query_dict({"host": folder})
        finally:
            process.terminate()
            process.wait()


def _listens(path: str) -> bool:
    """Whether connections are accepted there: the file appears before that."""
    with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
        client.connect(path)
        return True
    return False


class Relay:
    """Passes bytes between clients and the server. `freeze` makes the connections half open: what either side sends is
    taken and goes nowhere, and nobody is told. New connections work."""

    def __init__(self, url: sa.URL, folder: Path) -> None:
        self.url = url.update_query_dict({"host": str(folder)})
        self._server = f"{url.query['host']}/.s.PGSQL.{_PORT}"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"{folder}/.s.PGSQL.{_PORT}")
        self._listener.listen()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._frozen: set[socket.socket] = set()
        self._cut_at: bytes | None = None
        self._cuts_request = self._is_last = False
        self._cut: set[socket.socket] = set()
        self._delay = 0.0
        threading.Thread(target=self._accept, daemon=True).start()

    def freeze(self) -> None:
        """From now on, nothing passes on the connections that there are."""
        self._frozen |= {each for pair in self._pairs for each in pair}

    def cut_answer_to(self, statement: str, *, for_good: bool = False) -> None:
        """The next connection that asks for this is cut when its answer comes; `for_good`: and no other is taken."""
        self._cuts_request, self._is_last = False, for_good
        self._cut_at = statement.encode()

    def cut_before(self, statement: str) -> None:
        """The next connection that asks for this is cut before the server hears of it."""
        self._cuts_request, self._is_last = True, False
        self._cut_at = statement.encode()

    def delay_answers(self, seconds: float) -> None:
        """From now on, whatever the server says arrives this much later."""
        self._delay = seconds

    def _refuse(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def close(self) -> None:
        """Ends every connection."""
        self._refuse()
        for pair in self._pairs:
            for each in pair:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                self._pairs.append((client, server))
                for one, other in ((client, server), (server, client)):
                    ways = {"answers": one is server}
                    threading.Thread(target=self._pass, args=(one, other), kwargs=ways, daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket, *, answers: bool) -> None:
        with one, suppress(OSError):
            while received := one.recv(65_536):
                if one in self._cut or (self._meets(received, other) and self._cuts_request):
                    if self._is_last:
                        self._refuse()
                    for each in (one, other):
                        each.shutdown(socket.SHUT_RDWR)
                    return
                if answers and self._delay:
                    threading.Event().wait(self._delay)
                if one not in self._frozen:
                    other.sendall(received)
            if one not in self._frozen:
                other.shutdown(socket.SHUT_WR)

    def _meets(self, received: bytes, other: socket.socket) -> bool:
        """Whether this contains the statement at which a connection is cut."""
        if self._cut_at is None or self._cut_at not in received:
            return False
        self._cut_at = None
        self._cut.add(other)
        return True
