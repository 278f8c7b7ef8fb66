"""The local stack from the command line.

python -m dev up                the system in the foreground, over kept data; see dev/up.py
python -m dev up --supabase     the functions over a Supabase that runs already; see dev/elsewhere.py
python -m dev reset             remove the kept data
python -m dev run COMMAND ...   run a command against a temporary stack, in its environment
"""

import os
import subprocess
import sys

from dev import elsewhere, paths, up
from dev.errors import StackError
from dev.process import signals
from dev.supabase import stack


def main(arguments: list[str]) -> int:
    """Do what the arguments say and return the exit status."""
    match arguments:
        case ["up"] | []:
            up.run(paths.PROJECT)
        case ["up", "--supabase"]:
            elsewhere.run(paths.PROJECT)
        case ["reset"]:
            stack.reset(paths.PROJECT)
        case ["run", *command] if command:
            return run(command)
        case _:
            print(f"dev: not understood: {' '.join(arguments)}\n\n{__doc__}", file=sys.stderr)
            return 2
    return 0


def run(command: list[str]) -> int:
    """Run a command with the environment of a temporary stack; return its exit status."""
    statuses = [130]  # of a command that a signal cut short
    with signals.ending_in_order(), stack.temporary() as running:
        env = {**os.environ, **running.env()}
        statuses.append(subprocess.run(command, env=env, check=False).returncode)
    return statuses[-1]


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except StackError as error:
        sys.exit(f"dev: {error}")
