"""The running functions, one instance for each route, started when they are needed."""

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dev.errors import StackError
from dev.functions.config import VercelProject
from dev.functions.instance import CrashedError, Instance
from dev.functions.log import FunctionsLog
from dev.functions.runtime import Code

# Where an edit means a cold start.
WATCHED = ("api", "lib")


class Pool:
    """Instances by route. A start holds up only the requests to its own route.

    With `reload`, an edit in api/ or lib/ makes the next request start a new instance, while the
    old one finishes what it is serving.
    """

    def __init__(self, root: Path, env: Mapping[str, str], log: FunctionsLog, reload: bool) -> None:
        self._root, self._env, self._log, self._reload = root, env, log, reload
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._instances: dict[str, tuple[int, Instance]] = {}
        self._closed = False

    def instance_of(self, project: VercelProject, file: str) -> Instance:
        """Return the file's live instance, started if need be; raise StackError if that fails."""
        version = self._version() if self._reload else 0
        with self._locks[file]:
            if self._closed:
                raise StackError("the functions are being stopped")
            known, instance = self._instances.get(file, (version, None))
            if instance is not None and instance.alive and known == version:
                return instance
            self._instances.pop(file, None)
            if instance is not None:
                instance.retire()
            code = Code(self._root, file, project.entry_point(file))
            started = Instance(code, self._env, self._log)
            self._instances[file] = (version, started)
            return started

    def warm(self, project: VercelProject) -> None:
        """Start every route. Raises StackError that names those which cannot be."""

        def start(file: str) -> str:
            try:
                self.instance_of(project, file).ping()
            except (StackError, CrashedError, OSError) as error:
                return f"{file}: {error}"
            return ""

        # More at once than there are cores would only make each of them slower.
        with ThreadPoolExecutor(2) as starters:
            failures = [text for text in starters.map(start, project.routes.values()) if text]
        if failures:
            raise StackError("functions do not start:\n" + "\n".join(failures))

    def close(self) -> None:
        """Stop every instance; none can be started afterwards."""
        self._closed = True
        for instance in self._each():
            instance.terminate()
        for instance in self._each():
            instance.stop()
        self._instances.clear()

    def _each(self) -> Iterator[Instance]:
        """Yield the instances, waiting for those that are just starting."""
        for lock in list(self._locks.values()):
            with lock:
                pass
        for _, instance in list(self._instances.values()):
            yield instance

    def _version(self) -> int:
        """Return a number that changes with every edit, addition and removal."""
        stamps = [
            (str(file), file.stat().st_mtime_ns) for folder in WATCHED for file in (self._root / folder).rglob("*.py")
        ]
        return hash(tuple(sorted(stamps)))
