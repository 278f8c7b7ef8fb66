"""The peers, from npm and PyPI by their lock files: into the cache, outside the checkout and outside .venv."""

import subprocess
import sys
from pathlib import Path

from dev import toolchain
from dev.errors import StackError

HERE = Path(__file__).resolve().parent
REQUIREMENTS, NODE_PEERS = HERE / "requirements.txt", HERE / "node_peers.mjs"


def install() -> Path:
    """Return the folder that holds node_modules, the Node program and a venv. Installs on the first call. Locked."""
    return toolchain.install(HERE, also=[REQUIREMENTS, NODE_PEERS], finish=_complete)


def python(place: Path) -> Path:
    """Return the Python that has the peers' packages."""
    return place / "venv" / "bin" / "python"


def node_program(place: Path) -> Path:
    """Return the Node program, where its imports resolve: beside node_modules."""
    return place / NODE_PEERS.name


def _complete(place: Path) -> None:
    node_program(place).write_bytes(NODE_PEERS.read_bytes())
    uv = Path(sys.executable).parent / "uv"
    for command in (
        [uv, "venv", "--quiet", f"--python={sys.executable}", place / "venv"],
        [uv, "pip", "sync", "--quiet", "--require-hashes", f"--python={python(place)}", REQUIREMENTS],
    ):
        done = subprocess.run(
            list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if done.returncode:
            raise StackError(f"the peers could not be installed:\n{done.stdout.strip()}")
