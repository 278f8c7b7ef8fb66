"""One Postgres cluster: made, started, stopped, killed and recovered. Knows nothing of Supabase's
API; only the roles of a hosted project, in `sql/cluster.sql`."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from dev import paths, processes, toolchain
from dev.errors import StackError
from dev.reaper import send

SQL_FOLDER = Path(__file__).resolve().parent / "sql"
ADMIN = "supabase_admin"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "wal_level": "logical",  # as on the hosted service
    "max_wal_senders": "4",
    "shared_preload_libraries": "pg_stat_statements",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    "scram_iterations": "16",  # random passwords need no stretching, and tests connect a lot
    "autovacuum_naptime": "10s",
    "track_functions": "all",
}
# For data that can be made again: a crash of the machine may lose it. A crash of Postgres does not:
# synchronous_commit stays on, which without fsync costs next to nothing.
VOLATILE = {
    "fsync": "off",
    "full_page_writes": "off",
    "dynamic_shared_memory_type": "mmap",  # files in its folder, which go with the folder
}
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
START_ATTEMPTS = 5


class Postgres:
    """The server over `folder`. Once started it keeps its port, so that clients can reconnect."""

    # What makes up a cluster in its folder; the last says that it is whole.
    DATA, PASSWORD, DONE = "pg", "password", "initialized"

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        durable: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.folder, self.data = folder, folder / self.DATA
        self.log = folder / "postgres.log"
        self.settings = {**SETTINGS, **({} if durable else VOLATILE), **(settings or {})}
        self._given_port = port
        self._port: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """The port on 127.0.0.1. Raises StackError before the first start."""
        if self._port is None:
            raise StackError("Postgres was not started yet")
        return self._port

    @property
    def password(self) -> str:
        """The password of every role that can log in."""
        return (self.folder / self.PASSWORD).read_text()

    @property
    def initialized(self) -> bool:
        """Whether the folder holds a whole cluster."""
        return (self.folder / self.DONE).exists()

    @property
    def running(self) -> bool:
        """Whether the server process is there."""
        return self._process is not None and self._process.poll() is None

    def url(self, user: str = "postgres", database: str = "postgres") -> str:
        """Return a libpq URL."""
        return f"postgresql://{user}:{self.password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start the server, its cluster made first if the folder holds none; wait until it answers.

        Recovers from what a killed server left. Raises StackError with the end of the log.
        """
        if self.running:
            return
        fresh = not self.initialized
        if fresh:
            self._initialize()
        recover(self.data)
        self._start_on_a_port()
        if fresh:
            self._create_roles()
            (self.folder / self.DONE).touch()

    def stop(self) -> None:
        """Stop the server in order (a fast shutdown); its data stays."""
        if self._process is not None:
            processes.stop(self._process, signal.SIGINT, 20)
        self._process = None

    def kill(self) -> None:
        """Kill the server and every backend at once, as a crash would; the next start recovers."""
        process, self._process = self._process, None
        if process is None:
            return
        backends = _children(process.pid)
        for pid in [process.pid, *backends]:
            send(pid, signal.SIGKILL)
        processes.reap(process)
        for pid in backends:
            processes.stop_orphan(pid, signal.SIGKILL)

    def _initialize(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700)
        password = self.folder / self.PASSWORD
        password.unlink(missing_ok=True)
        password.touch(0o600)
        password.write_text(secrets.token_urlsafe(24))
        account = paths.postgres_account()
        if account:
            os.chown(self.data, account.pw_uid, account.pw_gid)
            os.chown(password, account.pw_uid, account.pw_gid)
        command: list[str | Path] = [toolchain.postgres_program("initdb"), "-D", self.data]
        command += ["-U", ADMIN, "--pwfile", password, "-A", "scram-sha-256", "-E", "UTF8"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        command += ["--no-sync"]
        log = self.folder / "initdb.log"
        process = processes.spawn(command, log=log, cwd=Path("/"), env=ENVIRONMENT, as_postgres=True)
        if processes.reap(process):
            raise StackError(f"initdb failed; the end of {log}:\n{processes.tail(log)}")

    def _start_on_a_port(self) -> None:
        """Start on the given or last port, or on free ones until one is not taken by a race."""
        fixed = self._given_port or self._port
        for attempt in range(1, START_ATTEMPTS + 1):
            port = processes.claim_port(fixed, "DEV_POSTGRES_PORT")
            try:
                self._launch(port)
            except StackError:
                if fixed or attempt == START_ATTEMPTS or not _port_was_taken(self.log):
                    raise
            else:
                self._port = port
                return

    def _launch(self, port: int) -> None:
        options = [f"--{name}={value}" for name, value in self.settings.items()]
        self._process = processes.spawn(
            [toolchain.postgres_program("postgres"), "-D", self.data, "-p", str(port), *options],
            log=self.log,
            cwd=Path("/"),
            env=ENVIRONMENT,
            as_postgres=True,
            on_parent_death=signal.SIGINT,
        )
        try:
            processes.wait_until_ready("Postgres", self._is_ready, self._process, self.log)
        except BaseException:
            self.stop()
            raise

    def _is_ready(self) -> bool:
        with contextlib.suppress(FileNotFoundError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            # A crash leaves a file that says so of a server long gone.
            ours = self._process is not None and lines[:1] == [str(self._process.pid)]
            return ours and len(lines) > 7 and lines[7].strip() == "ready"
        return False

    def _create_roles(self) -> None:
        with psycopg.connect(self.url(ADMIN), autocommit=True) as connection:
            connection.execute((SQL_FOLDER / "cluster.sql").read_bytes())
            for role in (ADMIN, "postgres", "authenticator"):
                statement: LiteralString = "alter role {} password {}"
                connection.execute(sql.SQL(statement).format(sql.Identifier(role), sql.Literal(self.password)))


def recover(data: Path) -> None:
    """Clear up after a server that was killed: end an orphan, or drop a misleading pid file.

    The file is left to Postgres when its process is gone: Postgres reads there whether backends of
    the dead server still use its shared memory. It is removed only when its number has become
    another program's, which Postgres would take for a running server.
    """
    file = data / "postmaster.pid"
    try:
        pid = int(file.read_text().split()[0])
    except (FileNotFoundError, ValueError, IndexError):
        file.unlink(missing_ok=True)
        return
    command = processes.command_of(pid)
    if str(data) in command:
        processes.stop_orphan(pid, signal.SIGINT)
    elif command:
        file.unlink(missing_ok=True)


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(n) for n in found.stdout.split()]


def _port_was_taken(log: Path) -> bool:
    return "could not bind" in processes.tail(log, 1500)
