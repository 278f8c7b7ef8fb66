"""What the figures hold for: this machine, and the versions of what ran."""

import os
import platform
import sys
from pathlib import Path

import psycopg

from dev.supabase.stack import Stack


def machine() -> str:
    """Name the processor, the cores and the memory."""
    return f"{os.cpu_count()} cores of {_processor()}, {_memory_gb()} GB, {platform.system()}"


def versions(stack: Stack) -> str:
    """Name the versions of Postgres and Python, and what the stack promises of a commit."""
    with psycopg.connect(stack.postgres.url("postgres", "postgres"), autocommit=True) as db:
        server = db.info.parameter_status("server_version")
        row = db.execute("select current_setting('fsync'), current_setting('synchronous_commit')").fetchone()
    assert row is not None
    python = ".".join(map(str, sys.version_info[:3]))
    return f"Postgres {server} (fsync {row[0]}, synchronous_commit {row[1]}), Python {python}"


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _memory_gb() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3)
