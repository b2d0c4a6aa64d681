"""PostgreSQL servers of a test's own, as an ordinary user: started, frozen, killed, replaced."""

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, LiteralString, Self

import psycopg
import pytest
from psycopg import sql

from tests.ports import lasting_port
from tests.waiting import wait_for

_SUPERUSER = "vqd"

_SETTINGS = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 100
shared_buffers = 32MB
fsync = {durable}
full_page_writes = {durable}
log_min_messages = warning
"""


def _programs() -> Path | None:
    """Where the newest PostgreSQL's programs lie; Debian puts them into no PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version, reverse=True)
    named = shutil.which("initdb")
    places = [*found, *([Path(named)] if named else [])]
    return places[0].parent if places else None


def _version(initdb: Path) -> int:
    return int(initdb.parts[-3])


PROGRAMS = _programs()


def require_postgres() -> None:
    """Skip the test where there is no PostgreSQL to start."""
    if PROGRAMS is None or shutil.which("setpriv") is None:
        pytest.skip("PostgreSQL or setpriv not installed: script/tools installs them as root")


class Postgres:
    """A server in a folder and on a loopback port of its own; it ends with the test's process.

    Its databases sort text as English does, as most sites' do, so that whatever counts on the
    order of bytes has to say so.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = lasting_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)

    @classmethod
    def create(cls, folder: Path, *, durable: bool = False, also: str = "") -> Self:
        """Lay out an empty server in a folder that is not there; `durable` ones sync what they
        commit, `also` are settings besides."""
        made = cls(folder)
        made._lay_out()
        made._run(
            "initdb", "-D", str(made._data), "-U", _SUPERUSER, "--auth=trust", "--encoding=UTF8",
            "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en", "--no-sync",
        )  # fmt: skip
        made._set(_SETTINGS.format(port=made.port, durable="on" if durable else "off") + also)
        return made

    def let_in(self, network: str) -> None:
        """Let whoever comes from a network in, from the next start on; where it listens is told by
        `create`. What is copied of it does so, too."""
        with (self._data / "pg_hba.conf").open("a", encoding="utf-8") as file:
            file.write(f"host all all {network} trust\n")

    def standby(self, folder: Path) -> Self:
        """Start a copy that follows this server; from now on each commit here waits for it."""
        copy = type(self)(folder)
        copy._lay_out()
        copy._run("pg_basebackup", "-D", str(copy._data), "-d", self.url(), "-R", "-c", "fast")
        copy._set(
            f"port = {copy.port}\n"
            f"primary_conninfo = '{self._words('postgres')} application_name=standby'\n"
        )
        copy.start()
        self.execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        self.execute("SELECT pg_reload_conf()")
        wait_for(self._is_followed, within_s=60, what="the standby")
        return copy

    def start(self) -> Self:
        """Start, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                _as_user("postgres", "-D", str(self._data)),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_for(self._answers, within_s=60, what=f"PostgreSQL in {self.folder}")
        return self

    def stop(self) -> None:
        """End it as an operator does who does not wait for its clients."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)
            self._process = None

    def kill(self) -> None:
        """kill -9 the server and each of its processes, as when its machine dies, and wait until
        none is left: the next start is refused while one still has its shared memory."""
        assert self._process is not None
        server = self._process.pid
        self._process.send_signal(signal.SIGSTOP)  # or it begins others when it loses one
        wait_for(lambda: _state(server) == "T", within_s=60, what="the stop before the kill")
        others = _children(server)
        for one in (*others, server):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        self._process.wait(60)
        self._process = None
        wait_for(lambda: {*map(_state, others)} <= {"Z", None}, within_s=60, what="their end")

    def freeze(self) -> None:
        """Stop the server and each of its processes where they are; connections stay open."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal_all(signal.SIGCONT)

    def promote(self) -> None:
        """Make the standby a primary, and wait until it takes what is written."""
        self.execute("SELECT pg_promote()")

    def url(self, database: str = "postgres") -> str:
        """How a client names one of its databases."""
        return f"postgresql://{_SUPERUSER}@127.0.0.1:{self.port}/{database}"

    def database(self, template: str = "template1") -> str:
        """Make a database, a copy of a template, and give its URL."""
        name = f"queue_{next(self._numbers)}"
        copied = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self.execute(copied.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def template(self, name: str, prepare: Callable[[str], None]) -> str:
        """Give the name of a template that `prepare` made of an empty database, by its URL, when
        it was first asked for."""
        if not self.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)):
            self.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            prepare(self.url(name))
        return name

    def drop(self, url: str) -> None:
        """Take a database away, whoever still speaks to it."""
        name = sql.Identifier(url.rpartition("/")[2])
        self.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))

    def execute(
        self, statement: LiteralString | sql.Composed, values: tuple[Any, ...] = ()
    ) -> list[tuple[Any, ...]]:
        """Carry a statement out as the superuser, and give its rows if it has any."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _lay_out(self) -> None:
        self.folder.mkdir(mode=0o755)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)

    def _set(self, lines: str) -> None:
        with (self._data / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
            file.write(lines)

    def _run(self, *words: str) -> None:
        ended = subprocess.run(
            _as_user(*words), cwd=self.folder, capture_output=True, check=False, text=True
        )
        assert ended.returncode == 0, ended.stderr

    def _words(self, database: str) -> str:
        return f"host=127.0.0.1 port={self.port} user={_SUPERUSER} dbname={database}"

    def _answers(self) -> bool:
        assert self._process is not None
        log = self.folder / "log"
        assert self._process.poll() is None, log.read_text(encoding="utf-8", errors="replace")
        try:
            psycopg.connect(self.url(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _is_followed(self) -> bool:
        rows = self.execute("SELECT sync_state FROM pg_stat_replication")
        return ("sync",) in rows

    def _signal_all(self, number: signal.Signals) -> None:
        assert self._process is not None
        for one in (self._process.pid, *_children(self._process.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, number)


@contextlib.contextmanager
def postgres_server(*, durable: bool = False) -> Iterator[Postgres]:
    """Run a server in a temporary folder that any user may reach, as pytest's are not."""
    with folder_for_anyone() as folder:
        server = Postgres.create(folder / "server", durable=durable).start()
        try:
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def folder_for_anyone() -> Iterator[Path]:
    """Make a folder for servers, which may run as another user than the tests; then take it away
    with all that is in it."""
    folder = Path(tempfile.mkdtemp(prefix="vqd-postgres-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _as_user(program: str, *words: str) -> list[str]:
    """Give the command that runs a program as somebody who is not root, which PostgreSQL refuses
    to be, and ends it with the process that began it."""
    assert PROGRAMS is not None
    command = ["setpriv", "--pdeathsig", "QUIT"]
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        command += [f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    return [*command, str(PROGRAMS / program), *words]


def _state(pid: int) -> str | None:
    """Give the state of a process (proc_pid_stat(5)), None where there is none any more."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return told.rpartition(")")[2].split()[0]


def _children(pid: int) -> list[int]:
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(one) for one in told.split()]
