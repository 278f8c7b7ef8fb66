"""A rehearsal for a person who knows Next.js and Supabase, and not this project: four parts and a verdict."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from dev.doctor import Finding
from dev.doctor import report as doctor
from dev.doctor.names import by_hand
from dev.rehearse import words
from dev.rehearse.rehearsal import Rehearsal
from dev.rehearse.verdict import Verdict
from dev.rehearse.words import count

MOST = 10


def show(console: Console, rehearsal: Rehearsal, verdict: Verdict, *, verbose: bool) -> None:
    """Print all of it, as far as it came."""
    with doctor.without_padding(console):
        _show_parts(console, rehearsal, verdict, verbose=verbose)


def _show_parts(console: Console, rehearsal: Rehearsal, verdict: Verdict, *, verbose: bool) -> None:
    show_app(console, rehearsal, verbose=verbose)
    if rehearsal.taken is not None:
        show_taken(console, rehearsal.taken)
    if rehearsal.changes is not None:
        show_changes(console, rehearsal, verbose=verbose)
    if rehearsal.after is not None:
        _title(console, "3. The doctor afterwards")
        doctor.show_padded(console, rehearsal.after)
    if rehearsal.remains is not None:
        show_way_back(console, rehearsal, verbose=verbose)
    show_verdict(console, verdict)


def show_app(console: Console, rehearsal: Rehearsal, *, verbose: bool) -> None:
    """Part 1: what the doctor finds, and what becomes of it."""
    _title(console, "1. The app as it is")
    app = rehearsal.app
    parts = [count(len(app.migrations), "migration")] if app.migrations else []
    made = words.listed([*parts, *(file.name for file in (*app.scripts, *app.rows))])
    _say(console, f"{made} made its database in {rehearsal.seconds['app']:.1f} s.")
    for note in app.notes:
        _say(console, note)
    # That the queue is not there yet is no fault of the app's.
    before = [each for each in rehearsal.before if each.code != "queue_not_installed"]
    after = None if rehearsal.after is None else {(each.code, each.subject) for each in rehearsal.after}
    if after is None:
        _findings(console, f"The doctor finds {count(len(before), 'fault')}:", before, verbose)
        return
    mended = [each for each in before if (each.code, each.subject) not in after]
    stay = [each for each in before if (each.code, each.subject) in after]
    _findings(console, f"{_found(mended)} mended by the migrations:", mended, verbose)
    _findings(
        console,
        f"{_found(stay)} left as {'it is' if len(stay) == 1 else 'they are'} (part 3 has the mend):",
        stay,
        verbose,
    )


def _found(findings: Sequence[Finding]) -> str:
    return f"{count(len(findings), 'fault')} {'is' if len(findings) == 1 else 'are'}"


def _findings(console: Console, title: str, findings: Sequence[Finding], verbose: bool) -> None:
    """Print findings in a table: those of one code are one line, unless all are wanted."""
    if not findings:
        return
    console.print()
    _say(console, title)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for group in [[each] for each in findings] if verbose else _grouped(findings):
        first, *others = group
        tag = Text(f" {first.severity} ", doctor.STYLES[first.severity])
        said = Text.assemble((first.subject, "bold"), ": ", first.message)
        if others:
            said.append(f" (and {words.listed(each.subject for each in others)})")
        table.add_row(tag, said)
    console.print(Padding(table, (0, 0, 0, 2), expand=False))


def _grouped(findings: Iterable[Finding]) -> list[list[Finding]]:
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.code, []).append(finding)
    return list(groups.values())


def show_taken(console: Console, taken: Finding) -> None:
    """Part 2 when the migrations refuse to begin: the SQL that clears the way."""
    _title(console, "2. What is in the way")
    if by_hand(taken.mend):
        _say(console, f"{taken.message[0].upper()}{taken.message[1:]}.")
        return
    _say(
        console,
        "The app has a draft of a queue, or something else, under names of the queue's. This SQL moves it away:",
    )
    console.print()
    console.print(Text(taken.mend, style="green"), soft_wrap=True)


def show_changes(console: Console, rehearsal: Rehearsal, *, verbose: bool) -> None:
    """Part 2: what the migrations change, in words."""
    changes = rehearsal.changes
    if changes is None:
        return
    _title(console, "2. What the migrations change")
    _say(console, f"They took {rehearsal.seconds['migrations']:.1f} s with these rows.")
    for title, lines in (
        ("Rows", words.rows(changes)),
        ("Like counts", words.counts(changes)),
        ("Triggers", words.triggers(changes)),
        ("Clients (anon, authenticated)", words.clients(changes)),
        ("Rules of the tables", words.rules(changes)),
        ("Warnings", rehearsal.warnings),
    ):
        if lines:
            _items(console, title, lines)
    if verbose:
        console.print("\n  [bold]In SQL, what goes (-) and comes (+)[/bold]")
        for change in changes.noted:
            console.print(Text(f"  {'+' if change.added else '-'} {' '.join(change.make.split())}"), soft_wrap=True)


def show_way_back(console: Console, rehearsal: Rehearsal, *, verbose: bool) -> None:
    """Part 4: whether everything is what it was."""
    remains = rehearsal.remains
    if remains is None:
        return
    _title(console, "4. The way back")
    _say(console, f"supabase/rollback/migrations.sql took {rehearsal.seconds['back']:.1f} s.")
    if rehearsal.changes and rehearsal.changes.made:
        _say(console, f"What the migrations made for the app stays: {words.listed(rehearsal.changes.made)}.")
    if not remains:
        _say(console, "Then the schema is what it was, and so are the app's rows.")
        return
    lines = [f"lacking: {fact}" for fact in remains.lacking] + [f"left: {fact}" for fact in remains.left]
    lines += [f"other rows: {table}" for table in remains.tables]
    shown = lines if verbose else lines[:MOST]
    _items(console, "Then this differs from what was there", [" ".join(each.split()) for each in shown])
    if len(shown) < len(lines):
        _say(console, f"... and {len(lines) - len(shown)} more: ARGS=--verbose shows them.")


def show_verdict(console: Console, verdict: Verdict) -> None:
    """The end: can it, what before, what next."""
    _title(console, "Verdict")
    because = f"{', but' if verdict.can else ':'} {verdict.reason}." if verdict.reason else "."
    words_of = verdict.already or (
        "The app can adopt the queue" if verdict.can else "The app cannot adopt the queue yet"
    )
    style = "bold green" if verdict.exit_code == 0 else "bold yellow" if verdict.can else "bold red"
    console.print(Padding(Text(words_of + because, style), (0, 0, 0, 2), expand=False))
    if verdict.before:
        _items(console, "By hand", verdict.before, numbered=True)
    console.print()
    _say(console, "Next:")
    for command in verdict.next:
        console.print(Text(f"    $ {command}", "green"), soft_wrap=True)


def _title(console: Console, title: str) -> None:
    console.print()
    console.print(Rule(Text(title, "bold"), align="left", style="dim"))


def _say(console: Console, line: str) -> None:
    console.print(Padding(Text(line), (0, 0, 0, 2), expand=False))


def _items(console: Console, title: str, lines: Sequence[str], *, numbered: bool = False) -> None:
    """Print a list with a title."""
    console.print()
    console.print(Padding(Text(title, "bold"), (0, 0, 0, 2), expand=False))
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for number, line in enumerate(lines, 1):
        table.add_row(f"{number}." if numbered else "-", Text(line))
    console.print(Padding(table, (0, 0, 0, 2), expand=False))
