"""What the installer prints: prose fits the terminal, what is to be copied keeps its lines. A file has no width."""

import os
import sys
from collections.abc import Iterable, Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dev.install.files import base_of, client_of
from dev.install.plan import Plan
from lib.cli.words import plural

FILE_WIDTH = 10_000
# What changes or goes is named one by one, unless there is so much of it.
FEW = 10
DONE = {"create": "created", "update": "updated", "delete": "deleted"}

type Names = Sequence[str]


def console(*, stderr: bool = False) -> Console:
    """Return where to print."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else FILE_WIDTH
    return Console(stderr=stderr, width=width, highlight=False)


def say(text: str = "", *, stderr: bool = False) -> None:
    """Print prose."""
    console(stderr=stderr).print(Text(text))


def step(number: int, text: str) -> None:
    """Print one of several things to do."""
    console().print(_beside(f"  {number}.", text))


def show(text: str, *, indent: int = 2) -> None:
    """Print what is to be copied: its lines stay as they are."""
    for line in text.splitlines():
        console().print(Text(f"{' ' * indent}{line}".rstrip()), soft_wrap=True)


def remark(mark: str, text: str, *, style: str = "", stderr: bool = False) -> None:
    """Print a note or a problem: its first line is prose beside the mark, the others are to be copied."""
    prose, _, copied = text.partition("\n")
    out = console(stderr=stderr)
    out.print(_beside(mark, prose, style))
    for line in copied.splitlines():
        out.print(Text(f"    {line}".rstrip()), soft_wrap=True)
    out.print()


def _beside(mark: str, text: str, style: str = "") -> Table:
    """Return prose that stays to the right of its mark."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text(mark, style=style), Text(text))
    return grid


def kinds_of(plan: Plan) -> dict[str, list[str]]:
    """Return what is created, updated and deleted; to be asked before it happens."""
    return {
        "create": [name for name in plan.write if plan.creates(name)],
        "update": [name for name in plan.write if not plan.creates(name)],
        "delete": plan.delete,
    }


def show_changes(plan: Plan, kinds: dict[str, list[str]], *, dry_run: bool, every: bool) -> None:
    """Print what happens to which files, by folder, and how many there are. every: each file by itself."""
    words = {kind: kind if dry_run else DONE[kind] for kind in kinds}
    lines = [(words[kind], *line) for kind, names in kinds.items() for line in grouped(plan, names, kind, every=every)]
    if lines:
        say()
    width = max((len(what) for _, what, _ in lines), default=0)
    for word, what, number in lines:
        show(f"{word:<7}  {what:<{width}}  {number}")
    if not lines:
        say()
        return
    totals = ", ".join(
        f"{plural(len(each), 'file')} {'to ' if dry_run else ''}{words[kind]}" for kind, each in kinds.items() if each
    )
    hint = "" if not any(number for _, _, number in lines) else " --verbose names each."
    say()
    say(f"{totals}.{hint}")
    say()


def grouped(plan: Plan, names: Names, kind: str, *, every: bool) -> Iterable[tuple[str, str]]:
    """Return files and folders, with how many files are meant. What lies in no folder of ours stays a file."""
    folders = _folders(plan)
    # Of a removal, everything goes.
    one_by_one = ("update", "delete") if plan.manifest else ()

    def folder_of(name: str) -> str:
        return next((folder for folder in folders if name.startswith(folder)), "")

    for folder, each in groupby(sorted(names, key=lambda name: (folder_of(name), name)), key=folder_of):
        found = list(each)
        few = len(found) <= (FEW if kind in one_by_one or folder.endswith("/migrations/") else 1)
        if every or not folder or few:
            yield from ((name, "") for name in found)
        elif folder.endswith("/migrations/"):
            first, last = (name.removeprefix(folder).partition("_")[0] for name in (found[0], found[-1]))
            yield folder, f"{plural(len(found), 'migration')}, {first} to {last}"
        else:
            yield folder, plural(len(found), "file")


def _folders(plan: Plan) -> list[str]:
    """Return the folders that ours lie in, those within others first."""
    base = base_of(plan.choices)
    own = [base] if base else []
    pages = [f"{base}public/admin/queue/", f"{base}public/"]
    return [f"{client_of(plan.app)}/", *pages, f"{base}api/", f"{base}lib/", *own, f"{plan.choices.migrations}/"]
