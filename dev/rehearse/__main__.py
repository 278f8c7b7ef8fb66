"""The command line of the rehearsal."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

import dev.rehearse
from dev.errors import StackError
from dev.process import pipes, signals
from dev.rehearse import report, serving, words
from dev.rehearse.app import SEED, App
from dev.rehearse.rehearsal import Rehearsal, optional_steps, rehearse
from dev.rehearse.scripts import ScriptError
from dev.rehearse.verdict import judge
from dev.supabase import temporary

# The rehearsal could not be held at all; 1 is a verdict.
FAILED = 2


def main(arguments: Sequence[str]) -> int:
    """Rehearse; return 1 when the app cannot adopt the queue, or when the way back leaves something behind."""
    asked = _parser().parse_args(arguments)
    try:
        app = App.found_in(asked.app, asked.dump, asked.without)
        steps = optional_steps(dict.fromkeys([*app.steps, *asked.add]))
    except StackError as failure:
        print(f"error: {failure}", file=sys.stderr)
        return FAILED
    try:
        with tempfile.TemporaryDirectory() as folder:
            project = serving.bare_project(Path(folder), app.project)
            code = _on_a_stack(project, app, steps, asked)
    except ScriptError as failure:
        print(f"error: {failure}\n{advice(failure, app)}", file=sys.stderr)
        return FAILED
    except StackError as failure:
        print(f"error: {failure}", file=sys.stderr)
        return FAILED
    return 0 if asked.exit_zero else code


def _on_a_stack(project: Path, app: App, steps: list[Path], asked: argparse.Namespace) -> int:
    """Rehearse in the database of a stack that goes afterwards, and print what came of it."""
    console, code = Console(highlight=False), 1
    with signals.ending_in_order(), temporary(project) as stack:
        done = Rehearsal(app, stack.env()["DATABASE_URL"], steps)
        with console.status("starting") as status:
            rehearse(done, status.update, and_back=not asked.serve)
        stack.address.control("reload")
        verdict = judge(done)
        code = verdict.exit_code
        if asked.serve and verdict.can:
            console.print(served_words(done))
            serving.serve(console, stack, app.folder)
        report.show(console, done, verdict, verbose=asked.verbose)
    return code


def served_words(done: Rehearsal) -> str:
    """Say what the served database is."""
    steps = f", then {words.listed(step.stem for step in done.steps)}" if done.steps else ""
    number = len(done.after or [])
    left = (
        f"has {words.count(number, 'finding')}: make rehearse without --serve shows more"
        if number
        else "finds nothing wrong"
    )
    return f"The queue's migrations are applied{steps}. The doctor {left}."


def advice(failure: ScriptError, app: App) -> str:
    """Say what to do about a file of the app's that fails here."""
    if failure.file in app.rows and not failure.unknown:
        return "A dump is SQL with rows only, as `supabase db dump --data-only` and `pg_dump --data-only` print it."
    if failure.file in app.rows:
        return (
            "The tables that the app's migrations make are not those of the dump. Take the schema from where the rows "
            "are,\nby `supabase db dump --remote -f FILE` in the app, and give both:\n"
            f'  ARGS="--dump {app.schema} --dump {failure.file}"'
        )
    if failure.file.name == SEED:
        return (
            "It is applied after the migrations, as by `supabase db reset`, which would fail too. Mend it, or leave it "
            f'out: ARGS="--without {SEED}"'
        )
    if failure.file in app.scripts:
        return (
            "Take out of the file what fails here. `supabase db dump` leaves out what a new project has already; "
            "pg_dump does not."
        )
    why = (
        f"The local stack lacks the extension {failure.lacks}, which a hosted project may have."
        if failure.lacks
        else "The app's files are applied in their order to a new database, as `supabase db reset` does."
    )
    return (
        f"{why} Either\n"
        f'  leave the file out:  ARGS="--without {failure.file.name}"\n'
        "  or take the schema of today, less what fails here. In the app, with Docker:\n"
        f"    supabase db dump --remote -f {app.schema}\n"
        f'  and then:            ARGS="--dump {app.schema}"'
    )


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m dev.rehearse", description=dev.rehearse.__doc__, formatter_class=raw
    )
    parser.add_argument("--app", type=Path, required=True, metavar="DIR", help="the app's repository")
    parser.add_argument(
        "--dump",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="rows instead of seed.sql's, or a schema instead of the migrations (repeatable)",
    )
    parser.add_argument(
        "--without", action="append", default=[], metavar="FILE", help="leave out this file of the app's (repeatable)"
    )
    parser.add_argument(
        "--add",
        action="append",
        default=[],
        metavar="NAME",
        help="apply an optional step, such as strict_likes, as well",
    )
    parser.add_argument("--serve", action="store_true", help="stay, so that the app can be tried on its new database")
    parser.add_argument("--verbose", action="store_true", help="every finding and every change, in SQL too")
    parser.add_argument(
        "--exit-zero", action="store_true", help="whatever the verdict is: for `make`, which would call it an error"
    )
    return parser


if __name__ == "__main__":
    pipes.run(lambda: main(sys.argv[1:]))
