"""How Storage answered, counted: the worker keeps it with its run, and health reads it there."""

from dataclasses import dataclass


@dataclass(slots=True)
class StorageCalls:
    """Uploads that Storage took, and uploads that it refused whatever the file was."""

    taken: int = 0
    refused: int = 0

    def counts(self) -> dict[str, int]:
        """Return what is not zero, as worker_runs keeps it."""
        counted = {"storage_taken": self.taken, "storage_refused": self.refused}
        return {name: count for name, count in counted.items() if count}
