"""The running functions, one instance for each route, started when they are needed."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from dev.errors import StackError
from dev.vercel.instance import CrashedError, Instance
from dev.vercel.log import FunctionsLog
from dev.vercel.project import VercelProject
from dev.vercel.runtime import Code

# Where an edit means a cold start.
WATCHED = ("api", "lib")


class Pool:
    """Instances by route. A start holds up only the requests to its own route.

    With `reload`, an edit in api/ or lib/ makes the next request start a new instance, while the
    old one finishes what it is serving.
    """

    def __init__(self, root: Path, env: Mapping[str, str], log: FunctionsLog, reload: bool) -> None:
        self._root, self._env, self._log, self._reload = root, env, log, reload
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._instances: dict[str, tuple[int, Instance]] = {}
        self._retired: list[Instance] = []
        self._closed = False

    async def instance_of(self, project: VercelProject, file: str) -> Instance:
        """Return the file's live instance, started if need be. Raises StackError if that fails."""
        version = self._version() if self._reload else 0
        async with self._locks[file]:
            if self._closed:
                raise StackError("the functions are being stopped")
            known, instance = self._instances.get(file, (version, None))
            if instance is not None and instance.alive and known == version:
                return instance
            self._instances.pop(file, None)
            if instance is not None:
                instance.retire()
                self._retired.append(instance)
            code = Code(self._root, file, project.entry_point(file))
            started = await Instance.start(code, self._env, self._log)
            self._instances[file] = (version, started)
            return started

    async def warm(self, project: VercelProject) -> None:
        """Start every route. Raises StackError that names those which cannot be started."""
        # More at once than there are cores would only make each of them slower.
        starters = asyncio.Semaphore(2)

        async def start(file: str) -> str:
            async with starters:
                try:
                    await (await self.instance_of(project, file)).ping()
                except (StackError, CrashedError) as error:
                    return f"{file}: {error}"
                return ""

        failures = [text for text in await asyncio.gather(*map(start, project.routes.values())) if text]
        if failures:
            raise StackError("functions do not start:\n" + "\n".join(failures))

    async def close(self) -> None:
        """Stop every instance. Not one can be started afterwards."""
        self._closed = True
        for lock in list(self._locks.values()):
            async with lock:  # one that is just starting
                pass
        instances = [*self._retired, *(instance for _, instance in self._instances.values())]
        self._instances.clear()
        await asyncio.gather(*(instance.stop() for instance in instances))

    def _version(self) -> int:
        """Return a number that changes with every edit, addition and removal."""
        stamps = [
            (str(file), file.stat().st_mtime_ns) for folder in WATCHED for file in (self._root / folder).rglob("*.py")
        ]
        return hash(tuple(sorted(stamps)))
