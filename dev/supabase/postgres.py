"""One Postgres cluster: made, started, stopped, killed and recovered.

It has the roles of a hosted project (`sql/cluster.sql`), and knows nothing of Supabase's API.
"""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import LiteralString

import psutil
import psycopg
from psycopg import sql

from dev import paths
from dev.errors import StackError
from dev.process.server import Server
from dev.process.spawn import end_orphan, kill_group, reap, spawn, tail
from dev.supabase import binaries

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
    "password_encryption": "scram-sha-256",  # pragma: allowlist secret
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


class Postgres(Server):
    """The server over `folder`, whose cluster is made at the first start."""

    name = "Postgres"
    port_variable = "DEV_POSTGRES_PORT"
    port_taken = "could not bind"
    stop_signal = signal.SIGINT  # a fast shutdown
    stop_seconds = 20.0

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
        super().__init__(folder / "postgres.log", port)
        self.folder, self.data = folder, folder / self.DATA
        self.settings = {**SETTINGS, **({} if durable else VOLATILE), **(settings or {})}

    @property
    def password(self) -> str:
        """The password of every role that can log in."""
        return (self.folder / self.PASSWORD).read_text()

    @property
    def initialized(self) -> bool:
        """Whether the folder holds a whole cluster."""
        return (self.folder / self.DONE).exists()

    def url(self, user: str = "postgres", database: str = "postgres") -> str:
        """Return a libpq URL."""
        return f"postgresql://{user}:{self.password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it and wait until it answers; clear up what a killed server left. Raises StackError."""
        if self.running:
            return
        whole = self.initialized
        if not whole:
            self._initialize()
        recover(self.data)
        super().start()
        if not whole:
            self._create_roles()
            (self.folder / self.DONE).touch()

    def kill(self) -> None:
        """Kill the server and every backend at once, as a crash would; the next start recovers."""
        process, self._process = self._process, None
        if process is None:
            return
        backends: list[psutil.Process] = []
        with contextlib.suppress(psutil.NoSuchProcess):
            backends = psutil.Process(process.pid).children()
        kill_group(process)  # each backend is in a session of its own
        for backend in backends:
            end_orphan(backend, signal.SIGKILL)

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
        command: list[str | Path] = [binaries.postgres_program("initdb"), "-D", self.data]
        command += ["-U", ADMIN, "--pwfile", password, "-A", "scram-sha-256", "-E", "UTF8"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        command += ["--no-sync"]
        log = self.folder / "initdb.log"
        if reap(spawn(command, log=log, cwd=Path("/"), env=ENVIRONMENT, account=account)):
            raise StackError(f"initdb failed; the end of {log}:\n{tail(log)}")

    def _launch(self, port: int) -> subprocess.Popen[bytes]:
        options = [f"--{name}={value}" for name, value in self.settings.items()]
        return spawn(
            [binaries.postgres_program("postgres"), "-D", self.data, "-p", str(port), *options],
            log=self.log,
            cwd=Path("/"),
            env=ENVIRONMENT,
            account=paths.postgres_account(),
            on_parent_death=signal.SIGINT,
        )

    def _is_ready(self) -> bool:
        with contextlib.suppress(FileNotFoundError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            # After a crash the file may still say "ready" of the server that is gone.
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
    """Clear up after a server that was killed: end an orphan, or remove a pid file that misleads.

    When the file's process is gone, Postgres needs the file: it reads there whether backends of the
    dead server still use its shared memory. When the number has become another program's, Postgres
    would take that program for a running server, so the file is removed.
    """
    file = data / "postmaster.pid"
    try:
        process = psutil.Process(int(file.read_text().split()[0]))
        ours = str(data) in process.cmdline()
    except psutil.NoSuchProcess:
        return
    except (FileNotFoundError, ValueError, IndexError, psutil.AccessDenied):
        file.unlink(missing_ok=True)
        return
    if ours:
        end_orphan(process, signal.SIGINT)
    else:
        file.unlink(missing_ok=True)
