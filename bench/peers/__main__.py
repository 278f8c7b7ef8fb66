"""`make bench-peers`: install the peers, let them and ours do the same work, write the table into the documents."""

import argparse
import sys
from collections.abc import Sequence

from bench.__main__ import present
from bench.lab import Lab
from bench.peers import install, match, peers
from bench.scale import PUBLISHED, QUICK
from dev.errors import StackError
from dev.supabase import stack as stacks


def main(arguments: Sequence[str]) -> int:
    """Run the match."""
    parser = argparse.ArgumentParser(prog="make bench-peers", description=__doc__)
    parser.add_argument("--only", nargs="*", metavar="NAME", help="these queues; the documents keep their table")
    parser.add_argument("--jobs", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="few jobs, one round; the documents keep their table")
    parser.add_argument("--write", action="store_true", help="keep the result of a quick run too")
    asked = parser.parse_args(arguments)
    print("bench-peers: installing the peers (the first time, and when their lock files change)", flush=True)
    playing = peers.contestants(install.install())
    if asked.only:
        known = {each.name: each for each in playing}
        if unknown := sorted(set(asked.only) - known.keys()):
            parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(known)}")
        playing = tuple(known[name] for name in asked.only)
    sizes = match.Sizes(3_000, 200, 1) if asked.quick else match.Sizes(asked.jobs, 2_000, asked.rounds)
    with stacks.temporary(durable=True) as stack:
        stack.databases.make_template()
        lab = Lab(stack, QUICK if asked.quick else PUBLISHED)
        keep = not asked.only and (asked.write or not asked.quick)
        return present("peers", lab, lambda lab: match.play(lab, playing, sizes), keep=keep)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except StackError as error:
        sys.exit(f"bench-peers: {error}")
