"""The command line of the rehearsal."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

import dev.rehearse
from dev.errors import StackError
from dev.process import signals
from dev.rehearse import report
from dev.rehearse.app import App
from dev.rehearse.rehearsal import rehearse
from dev.rehearse.scripts import ScriptError
from dev.rehearse.verdict import judge
from dev.supabase import temporary

DATABASE = "rehearsed"


def main(arguments: Sequence[str]) -> int:
    """Rehearse; return 1 when the app cannot adopt the queue, or when the way back leaves something behind."""
    asked = _parser().parse_args(arguments)
    console = Console(highlight=False)
    try:
        app = App.found_in(asked.app, asked.dump, asked.without)
        with signals.ending_in_order(), temporary() as stack:
            stack.databases.create(DATABASE)
            url = stack.address.postgres_url(database=DATABASE)
            with console.status("starting") as status:
                done = rehearse(app, url, status.update)
            verdict = judge(done)
            report.show(console, done, verdict, verbose=asked.verbose)
            return verdict.exit_code
    except ScriptError as failure:
        print(f"error: {failure}\n{advice(failure)}", file=sys.stderr)
    except StackError as failure:
        print(f"error: {failure}", file=sys.stderr)
    return 1


def advice(failure: ScriptError) -> str:
    """Say what to do about a file of the app's that fails here."""
    why = (
        f"The local stack lacks the extension {failure.lacks}, which a hosted project may have."
        if failure.lacks
        else "The app's files are applied in their order to a new database, as `supabase db reset` does."
    )
    return (
        f"{why} Either\n"
        f'  leave the file out:  ARGS="--without {failure.file.name}"\n'
        "  or take the schema of today, less what fails here: `supabase db dump -f schema.sql` in the app, then\n"
        '                       ARGS="--dump ../app/schema.sql"'
    )


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m dev.rehearse", description=dev.rehearse.__doc__, formatter_class=raw
    )
    parser.add_argument("--app", type=Path, required=True, metavar="DIR", help="the app's repository")
    parser.add_argument(
        "--dump", type=Path, metavar="FILE", help="rows to load after the app's migrations, or a schema instead of them"
    )
    parser.add_argument(
        "--without", action="append", default=[], metavar="FILE", help="leave out this file of the app's (repeatable)"
    )
    parser.add_argument("--verbose", action="store_true", help="every finding and every change, in SQL too")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
