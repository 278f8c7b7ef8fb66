"""The Supabase API as a process: REST, Auth and Storage, served by `node/server.mjs`."""

import contextlib
import http.client
import json
import secrets
import signal
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dev import keys, npm, paths, processes, toolchain
from dev.address import DATABASE, Address
from dev.errors import StackError
from dev.postgres import ADMIN, Postgres

START_ATTEMPTS = 5


class Api:
    """The API server over `folder`. Once started it keeps its port, so that clients reconnect."""

    def __init__(self, folder: Path, project: Path, postgres: Postgres, *, port: int | None = None) -> None:
        self.folder, self.project, self.log = folder, project, folder / "api.log"
        self._postgres = postgres
        self._given_port = port
        self._port: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """The port on 127.0.0.1. Raises StackError before the first start."""
        if self._port is None:
            raise StackError("the API was not started yet")
        return self._port

    @property
    def running(self) -> bool:
        """Whether the server process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def address(self) -> Address:
        """Where it and its Postgres listen. Raises StackError before the first start."""
        known = keys.read(self.folder)
        return Address(
            folder=self.folder,
            api_port=self.port,
            postgres_port=self._postgres.port,
            password=self._postgres.password,
            publishable_key=known["publishable_key"],
            secret_key=known["secret_key"],
        )

    def start(self) -> None:
        """Start the server and wait until it answers. Raises StackError with the end of its log."""
        if self.running:
            return
        if self._port is None:
            self.log.unlink(missing_ok=True)
        fixed = self._given_port or self._port
        for attempt in range(1, START_ATTEMPTS + 1):
            port = processes.claim_port(fixed, "DEV_API_PORT")
            try:
                self._launch(port)
            except StackError:
                taken = "EADDRINUSE" in processes.tail(self.log)
                if fixed or attempt == START_ATTEMPTS or not taken:
                    raise
            else:
                self._port = port
                return

    def stop(self) -> None:
        """Stop the server in order."""
        if self._process is not None:
            processes.stop(self._process, signal.SIGTERM)
        self._process = None

    def kill(self) -> None:
        """Kill the server at once, as a crash would."""
        if self._process is not None:
            processes.stop(self._process, signal.SIGKILL)
        self._process = None

    def _launch(self, port: int) -> None:
        mark = secrets.token_hex(8)
        config = {
            "host": "127.0.0.1",
            "port": port,
            "mark": mark,
            "database": DATABASE,
            "pool_size": 20,
            "storage_folder": str(self.folder / "storage"),
            "admin_url": self._postgres.url(ADMIN),
            "authenticator_url": self._postgres.url("authenticator"),
            **server_config(self.project, keys.read(self.folder)),
        }
        self._process = processes.spawn(
            [npm.node(), toolchain.server()],
            log=self.log,
            cwd=self.folder,
            env={
                "HOME": str(self.folder),
                "NODE_COMPILE_CACHE": str(paths.cache_home() / "compiled"),
                "DO_NOT_TRACK": "1",
                "LITE_TELEMETRY": "0",
            },
            stdin=subprocess.PIPE,
            on_parent_death=signal.SIGTERM,
        )
        try:
            self._configure(self._process, config)
            processes.wait_until_ready("the API", lambda: _answers(port, mark), self._process, self.log)
        except BaseException:
            self.kill()
            raise

    @staticmethod
    def _configure(process: subprocess.Popen[bytes], config: Mapping[str, Any]) -> None:
        """Tell the server all it needs, through a pipe: processes can read each other's
        environment. The pipe stays open, as its end tells the server that we are gone."""
        pipe = process.stdin
        with contextlib.suppress(BrokenPipeError):  # it died already; the caller finds out
            if pipe is not None:
                pipe.write(json.dumps(config).encode() + b"\n")
                pipe.flush()


def server_config(project: Path, secret_keys: Mapping[str, str]) -> dict[str, Any]:
    """Return what `supabase/config.toml` says that the server understands, and its keys."""
    file = project / "supabase" / "config.toml"
    toml: dict[str, Any] = tomllib.loads(file.read_text()) if file.exists() else {}
    auth = toml.get("auth", {})
    auth_names = ["site_url", "additional_redirect_urls", "jwt_expiry", "enable_signup"]
    return {
        "api": _pick(toml.get("api", {}), ["schemas", "extra_search_path", "max_rows"]),
        "auth": {
            **_pick(auth, [*auth_names, "minimum_password_length"]),
            "email": _pick(auth.get("email", {}), ["enable_signup", "enable_confirmations"]),
            **_pick(secret_keys, ["publishable_key", "secret_key", "jwt_secret"]),
        },
        "storage": _pick(toml.get("storage", {}), ["file_size_limit"]),
    }


def _pick(section: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: section[name] for name in names if name in section}


def _answers(port: int, mark: str) -> bool:
    """Tell whether our own server answers there, rather than another that took the port."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
        connection.request("GET", "/health")
        return connection.getresponse().read().decode() == mark
    return False
