"""The long form of the fault tests: `make soak MINUTES=20`, or `python -m tests.soak --minutes 20 --seed 7`.

Round after round until the time is over, each with a seed of its own, against a durable stack. A violation is printed
with the command that runs its round again; the exit status is 1 then.
"""

import argparse
import itertools
import random
import secrets
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from dev.paths import PROJECT
from dev.supabase.stack import Stack, temporary
from tests.faults.workers import WorkerHost
from tests.soak.rounds import ROUNDS, Arena, Outcome


def main() -> int:
    """Run it from the command line."""
    options = parse(sys.argv[1:])
    started = time.monotonic()
    table: dict[str, Counter[str]] = defaultdict(Counter)
    print(f"seed {options.seed}", flush=True)
    with temporary(PROJECT, durable=True) as stack, WorkerHost() as first, WorkerHost() as second:
        stack.databases.make_template()
        for kind, seed in planned(options):
            begun = time.monotonic()
            if begun - started > options.minutes * 60:
                break
            outcome = play(stack, (first, second), kind, seed)
            took = time.monotonic() - begun
            table[kind].update({"rounds": 1, "seconds": round(took), "violations": len(outcome.violations)})
            table[kind].update(outcome.figures)
            print(summary(kind, seed, took, outcome), flush=True)
    print(f"\n{format_table(table)}\nseed {options.seed}, {(time.monotonic() - started) / 60:.1f} minutes")
    return 1 if any(figures["violations"] for figures in table.values()) else 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options; a seed is chosen when none is given."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    parser.add_argument("--only", choices=ROUNDS, action="append", help="only rounds of this kind; may be repeated")
    parser.add_argument("--replay", metavar="KIND:SEED", help="run this one round again")
    return parser.parse_args(arguments)


def planned(options: argparse.Namespace) -> Iterator[tuple[str, int]]:
    """The rounds to come: kinds in turn, each with the next seed."""
    if options.replay:
        kind, _, seed = options.replay.partition(":")
        yield kind, int(seed)
        return
    seeds = random.Random(options.seed)
    for kind in itertools.cycle(options.only or ROUNDS):
        yield kind, seeds.getrandbits(32)


def play(stack: Stack, hosts: tuple[WorkerHost, WorkerHost], kind: str, seed: int) -> Outcome:
    """One round in a fresh database. What it raises is a violation like any other."""
    # A restart that a round before began may have been cut short by what it raised.
    stack.postgres.start()
    stack.api.start()
    name = f"test_soak_{secrets.token_hex(6)}"
    stack.databases.clone(name)
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    try:
        return ROUNDS[kind](Arena(stack, hosts, name, folder), seed)
    except Exception as error:  # noqa: BLE001 - the soak goes on, and says at its end what it found
        return Outcome(violations=[f"{type(error).__name__}: {error}", *getattr(error, "__notes__", [])])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        stack.postgres.start()
        stack.api.start()
        stack.databases.drop(name)


def summary(kind: str, seed: int, took: float, outcome: Outcome) -> str:
    """One line, and one for each violation."""
    figures = ", ".join(f"{number} {name}" for name, number in outcome.figures.items())
    lines = [f"{kind:<17}{took:5.0f} s  {len(outcome.violations)} violations  {figures}  ({kind}:{seed})"]
    lines += [f"    VIOLATION {violation}" for violation in outcome.violations[:20]]
    if outcome.violations:
        lines.append(f"    replay: .venv/bin/python -m tests.soak --replay {kind}:{seed}")
    return "\n".join(lines)


def format_table(table: dict[str, Counter[str]]) -> str:
    """The figures of all rounds, by kind."""
    names = list(dict.fromkeys(name for figures in table.values() for name in figures))
    total = sum(table.values(), Counter[str]())
    rows = [["", *names]]
    rows += [
        [kind, *(str(figures[name] or "") for name in names)] for kind, figures in [*table.items(), ("all", total)]
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(len(names) + 1)]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


if __name__ == "__main__":
    sys.exit(main())
