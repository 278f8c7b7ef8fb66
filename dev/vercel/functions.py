"""A project's functions, served: the whole of this package behind one class."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import uvicorn
from anyio.from_thread import BlockingPortal, start_blocking_portal

from dev import paths
from dev.errors import StackError
from dev.process import ports
from dev.vercel import cron
from dev.vercel.gateway import Gateway
from dev.vercel.log import FunctionsLog
from dev.vercel.pool import Pool


class Functions:
    """Serves `project`'s api/ and public/ on 127.0.0.1, from `start` (or `with`) to `stop`.

        with Functions(project, stack.functions_env() | secrets) as functions:
            httpx.get(functions.url + "/api/health/queue")
            functions.cron_tick()

    The functions' environment is `env`, PATH, HOME and what Vercel sets: nothing else of ours.
    Each route's process starts at its first request. `log` is the file that collects what they
    print, a temporary one unless said. `reload` makes edits of the code take effect.
    """

    def __init__(
        self,
        project: Path = paths.PROJECT,
        env: Mapping[str, str] | None = None,
        *,
        port: int | None = None,
        log: Path | None = None,
        reload: bool = False,
    ) -> None:
        self.project, self.env = project.resolve(), dict(env or {})
        self._port, self._log_file, self._reload = port, log, reload
        self._running: _Running | None = None
        self._last_log = ""

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://127.0.0.1:{self._parts.port}"

    @property
    def routes(self) -> list[str]:
        """The functions' paths, such as /api/ratings."""
        return list(self._parts.gateway.project.routes)

    def start(self) -> Self:
        """Begin to listen. Raises StackError if vercel.json is broken or the port is taken."""
        if self._running is None:
            self._running = _Running(self.project, self.env, self._port, self._log_file, self._reload)
        return self

    def stop(self) -> None:
        """Stop listening and end every function. Safe to repeat."""
        running, self._running = self._running, None
        if running is not None:
            self._last_log = running.stop()

    def warm(self) -> None:
        """Start every function. Raises StackError that names those which cannot be loaded."""
        self._parts.portal.call(self._parts.pool.warm, self._parts.gateway.project)

    def cron_tick(self) -> list[cron.CronReply]:
        """Call each cron path of vercel.json as Vercel Cron does, and return the replies.

        Several ticks may run at once, in threads, as the platform's may overlap.
        """
        crons = self._parts.gateway.project.cron_paths
        return cron.tick(self.url, crons, self.env.get("CRON_SECRET"))

    def log_text(self) -> str:
        """Return what the functions logged so far; after the end, all of it."""
        return self._running.log.text() if self._running else self._last_log

    @property
    def _parts(self) -> "_Running":
        if self._running is None:
            raise StackError("the functions are not running")
        return self._running

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Running:
    """What exists between `start` and `stop`: an event loop in a thread of its own, and what runs in it."""

    def __init__(
        self,
        project: Path,
        env: Mapping[str, str],
        port: int | None,
        log: Path | None,
        reload: bool,
    ) -> None:
        with contextlib.ExitStack() as undo:
            if log is None:
                folder = Path(tempfile.mkdtemp())
                undo.callback(shutil.rmtree, folder, ignore_errors=True)
                log = folder / "functions.log"
            self.log = FunctionsLog(log)
            listener = undo.enter_context(ports.listen(port, "DEV_FUNCTIONS_PORT"))
            self.port: int = listener.getsockname()[1]
            self.pool = Pool(project, platform_env(self.port) | dict(env), self.log, reload)
            self.gateway = Gateway(project, self.pool, self.log, reload)
            self.portal: BlockingPortal = undo.enter_context(start_blocking_portal())
            self._server = uvicorn.Server(server_settings(self.gateway))
            self._serving = self.portal.start_task_soon(self._server.serve, [listener])
            self._undo = undo.pop_all()

    def stop(self) -> str:
        """End everything, and return all that was logged."""
        with self._undo:
            self._server.should_exit = True
            self.portal.call(self.pool.close)
            self._serving.result()
            return self.log.text()


def server_settings(gateway: Gateway) -> uvicorn.Config:
    """Return how uvicorn serves the gateway: quietly, and adding nothing of its own to replies."""
    return uvicorn.Config(
        gateway,
        interface="asgi3",
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=600,  # a client's kept connection ends with us, not before
    )


def platform_env(port: int) -> dict[str, str]:
    """Return the variables that functions have without being given them."""
    home = os.environ.get("HOME", "")
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": home if Path(home).is_dir() else tempfile.gettempdir(),
        "TZ": ":UTC",
        "VERCEL": "1",
        "VERCEL_ENV": "development",
        "VERCEL_REGION": "dev1",
        "VERCEL_URL": f"127.0.0.1:{port}",
        # Not Vercel's: there VERCEL_URL is enough, for it is reached by https.
        "WORKER_URL": f"http://127.0.0.1:{port}",
    }
