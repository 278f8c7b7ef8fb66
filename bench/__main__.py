"""`python -m bench [NAME ...]`: run all benchmarks, or those named."""

import sys
from collections.abc import Callable
from pathlib import Path

from bench import draining, enqueueing, invocation, likes
from dev.errors import StackError
from dev.supabase import stack as stacks
from dev.supabase.stack import Stack

BENCHMARKS: dict[str, Callable[[Stack], None]] = {
    "likes": likes.run,
    "draining": draining.run,
    "enqueueing": enqueueing.run,
    "invocation": invocation.run,
}


def main(names: list[str]) -> int:
    """Run each benchmark on a fresh, durable stack."""
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        print(f"bench: there is no {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    for name in names or BENCHMARKS:
        print(f"{name}:", flush=True)
        with stacks.temporary(Path(__file__).resolve().parents[1], durable=True) as stack:
            BENCHMARKS[name](stack)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except StackError as error:
        sys.exit(f"bench: {error}")
