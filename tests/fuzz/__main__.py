"""A long run: `make fuzz MINUTES=20`, or `python -m tests.fuzz --minutes 20 --seed 7`.

Against a stack and functions of its own, for as long as is said, with a seed that is printed. The exit status is 1 when
a reply broke a promise; what was sent is printed with it.
"""

import argparse
import secrets
import sys

from dev.paths import PROJECT
from dev.supabase.stack import temporary
from dev.vercel import Functions
from tests.fuzz.running import OVERRIDES, fuzz

# The names of what the functions need besides the stack.
TOKENS = ("CRON_SECRET", "QUEUE_API_TOKEN", "ADMIN_API_TOKEN")


def main() -> int:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with temporary(PROJECT) as stack:
        env = stack.env()
        hosted = {name: value for name, value in env.items() if name.startswith("SUPABASE_")}
        tokens = {name: secrets.token_hex(16) for name in TOKENS}
        with Functions(PROJECT, hosted | tokens | OVERRIDES) as served:
            served.warm()
            seconds = str(max(60, round(options.minutes * 60)))
            ended = fuzz(served, env, "--seed", str(options.seed), "--max-time", seconds, "--continue-on-failure")
    print(ended.stdout + ended.stderr)
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main())
