"""A process that has imported the command line, and forks for each command: importing takes half a second each time.

A command runs in a process of its own, with an environment, a folder and files of its own, as when it is started anew.
What needs a terminal is started anew.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


class Zygote:
    """The process and the pipe to it. Commands run one after another."""

    def __init__(self, root: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.zygote"],
            cwd=root,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(root), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, arguments: Sequence[str], env: Mapping[str, str], folder: Path, stdin: str) -> tuple[int, str, str]:
        """Run one command. Return its exit code and what it printed."""
        files = [folder / name for name in (".stdin", ".stdout", ".stderr")]
        files[0].write_text(stdin)
        order = {"arguments": arguments, "env": env, "folder": str(folder), "files": [str(file) for file in files]}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        code = int(self._process.stdout.readline())
        return code, files[1].read_text(), files[2].read_text()

    def close(self) -> None:
        """End it."""
        self._process.communicate(timeout=10)


def serve() -> None:
    """Fork for each order, and answer with the exit code."""
    import lib.cli.app

    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            become(order)
            lib.cli.app.main()
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def become(order: dict[str, Any]) -> None:
    """Take on the arguments, the environment, the folder and the files of a command."""
    for number, (file, flags) in enumerate(
        zip(order["files"], (os.O_RDONLY, *[os.O_WRONLY | os.O_CREAT | os.O_TRUNC] * 2), strict=True)
    ):
        opened = os.open(file, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - a descriptor, for the process's life
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["env"])
    sys.argv = ["queue", *order["arguments"]]


if __name__ == "__main__":
    serve()
