"""The licences of what is bundled into public/: the packages of a lock file that are no development tools."""

import json
from pathlib import Path

from dev.licences.package import Package


def packages(lock: Path, where: str) -> list[Package]:
    """Read a package-lock.json."""
    entries = json.loads(lock.read_text())["packages"]
    return [
        Package(where, path.rpartition("node_modules/")[2], entry["version"], entry.get("license", "none"))
        for path, entry in sorted(entries.items())
        if path and not entry.get("dev") and not entry.get("link")
    ]
