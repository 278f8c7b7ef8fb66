"""What is printed: answers on standard output, everything else on standard error, so that a pipe gets answers only."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import rich.box
from pydantic import BaseModel
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from lib.cli.words import clean

# A file has no width: nothing is cut off or folded there.
_FILE_WIDTH = 500
NARROW = 100


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _FILE_WIDTH
    # Nothing is coloured by what it looks like: colours here mean something.
    return Console(stderr=stderr, width=width, highlight=False, soft_wrap=False)


out = _console(stderr=False)
err = _console(stderr=True)


def is_narrow() -> bool:
    """Whether wide tables do not fit."""
    return out.width < NARROW


def show(answer: RenderableType) -> None:
    """Print an answer. In a file lines have no blanks at their ends."""
    if out.is_terminal:
        out.print(answer)
        return
    with out.capture() as captured:
        out.print(answer)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def print_json(answer: BaseModel) -> None:
    """Print an answer as the route gives it."""
    sys.stdout.write(answer.model_dump_json(by_alias=True, indent=2) + "\n")


def tell(text: str) -> None:
    """Say what is no answer, quietly."""
    err.print(clean(text), style="dim", markup=False)


def fail(text: str) -> None:
    """Say what went wrong."""
    err.print(Text.assemble(("✗", "bold red"), f" {clean(text)}"))


def done(text: str) -> None:
    """Say what was done."""
    out.print(Text.assemble(("✓", "bold green"), f" {clean(text)}"))


def indented(text: RenderableType, mark: str = "") -> Table:
    """Return text that stays to the right of its mark when it takes several lines."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(f" {mark}", text)
    return grid


def table(*columns: str, right: tuple[str, ...] = (), fold: tuple[str, ...] = ()) -> Table:
    """Return a table as all of them look. right: columns of numbers. fold: columns that may take several lines."""
    made = Table(box=rich.box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False, expand=False)
    for name in columns:
        made.add_column(
            name,
            justify="right" if name in right else "left",
            no_wrap=name not in fold,
            overflow="fold" if name in fold else "ellipsis",
        )
    return made


@contextmanager
def progress(text: str, total: int | None) -> Iterator[Progress]:
    """A bar on standard error, for work that takes several calls. Not drawn when nobody looks."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        bar.add_task(text, total=total)
        yield bar
