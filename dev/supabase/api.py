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

from dev import paths, toolchain
from dev.process.server import Server
from dev.process.spawn import spawn
from dev.supabase import binaries, keys
from dev.supabase.address import DATABASE, Address
from dev.supabase.postgres import ADMIN, Postgres


class Api(Server):
    """The API server over `folder`, in front of `postgres`."""

    name = "the API"
    port_variable = "DEV_API_PORT"
    port_taken = "EADDRINUSE"
    stop_signal = signal.SIGTERM

    def __init__(self, folder: Path, project: Path, postgres: Postgres, *, port: int | None = None) -> None:
        super().__init__(folder / "api.log", port)
        self.folder, self.project = folder, project
        self._postgres = postgres
        # Our own server answers with this: another program may have taken the port.
        self._mark = secrets.token_hex(8)

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

    def _launch(self, port: int) -> subprocess.Popen[bytes]:
        process = spawn(
            [toolchain.node(), binaries.server()],
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
        # Through a pipe, because processes can read each other's environment. The pipe stays open:
        # its end tells the server that we are gone.
        with contextlib.suppress(BrokenPipeError):  # it died already; `start` finds out
            if process.stdin is not None:
                process.stdin.write(json.dumps(self._config(port)).encode() + b"\n")
                process.stdin.flush()
        return process

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
            connection.request("GET", "/health")
            return connection.getresponse().read().decode() == self._mark
        return False

    def _config(self, port: int) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": port,
            "mark": self._mark,
            "database": DATABASE,
            "pool_size": 20,
            "storage_folder": str(self.folder / "storage"),
            "admin_url": self._postgres.url(ADMIN),
            "authenticator_url": self._postgres.url("authenticator"),
            **project_settings(self.project, keys.read(self.folder)),
        }


def project_settings(project: Path, secret_keys: Mapping[str, str]) -> dict[str, Any]:
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
