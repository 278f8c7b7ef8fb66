"""Changes in words: one sentence for each thing that a person decides about. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from dev.rehearse.changes import Change, Changes

KEPT = "queue_private.repaired_rows"


def count(number: int, one: str) -> str:
    """Return "1 row", "2 rows", "0 rows"."""
    return f"{number:,} {one if number == 1 else one + 's'}"


def listed(names: Iterable[str]) -> str:
    """Return "a, b and c"."""
    *first, last = list(names) or ["nothing"]
    return f"{', '.join(first)} and {last}" if first else last


def rows(changes: Changes) -> list[str]:
    """Say which rows leave their tables."""
    said = []
    for table, reason, number in changes.repaired:
        one = number == 1
        # Posts stay, with another time.
        verb = ("is copied" if one else "are copied") if table == "posts_new" else ("moves" if one else "move")
        said.append(f"{count(number, 'row')} of {table} {verb} to {KEPT}: {reason}.")
    said += [f"The table {name}, which the app lacks, is made." for name in changes.made]
    return said or ["No row is moved."]


def counts(changes: Changes) -> list[str]:
    """Say which like counts were wrong."""
    if not changes.wrong:
        return ["Each like count is the number of its ratings already."]
    # The doctor counts all ratings before, and so has another number.
    stay = " that stay" if any(table == "post_ratings" for table, _, _ in changes.repaired) else ""
    is_now = (
        f"was not the number of its ratings{stay}, and is now"
        if changes.wrong == 1
        else f"were not the number of their ratings{stay}, and are now"
    )
    said = [f"{count(changes.wrong, 'like count')} {is_now}."]
    if changes.higher:
        it = "It" if changes.wrong == 1 else f"{changes.higher:,} of them"
        likes = f"{count(changes.lost, 'like')} that never had a rating"
        told = f"{it} had {likes}" if changes.higher == 1 else f"{it} were higher by {likes}"
        said.append(f'{told}. To keep them, add the optional step keep_old_likes (docs/adopt.md, "4. Migrations").')
    return said


def triggers(changes: Changes) -> list[str]:
    """Say what counts from now on."""
    said = [
        f"The app's trigger {trigger} ({function}), which counted likes, is switched off."
        for trigger, function in changes.switched_off
    ]
    ours = sum(change.added and change.kind == "trigger" for change in changes.noted)
    if ours:
        tell = "tells" if ours == 1 else "tell"
        said.append(f"{count(ours, 'trigger')} of the queue {tell} it of new ratings and images.")
    return said


def clients(changes: Changes) -> list[str]:
    """Say what anon and authenticated may no longer do."""
    said = [f"What clients write to likes is {changes.likes_are}."]
    of_tables: dict[str, dict[tuple[str, ...], list[str]]] = defaultdict(dict)
    for (table, client), rights in sorted(_lost(changes).items()):
        of_tables[table].setdefault(tuple(rights), []).append(client)
    alike: dict[tuple[tuple[str, ...], str], list[str]] = defaultdict(list)
    for table, losers in of_tables.items():
        for lost, who in losers.items():
            alike[lost, f"{listed(who)} {'loses' if len(who) == 1 else 'lose'}"].append(table)
    said += [f"{who_lose} {listed(lost)} on {listed(tables)}." for (lost, who_lose), tables in alike.items()]
    policies = _policies(changes.noted)
    secured = sorted(each.table for each in changes.noted if each.added and each.kind == "row security")
    return said + [
        f"{table}: row level security is switched on, with the policies {listed(policies[table])}." for table in secured
    ]


def _lost(changes: Changes) -> dict[tuple[str, str], list[str]]:
    """Return what was lost by table and client, such as DELETE and "UPDATE of created_at and id"."""
    lost: dict[tuple[str, str], list[str]] = defaultdict(list)
    columns: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for client, table, privilege, column in sorted(changes.lost_rights):
        if column:
            columns[table, client, privilege].append(column)
        else:
            lost[table, client].append(privilege)
    for (table, client, privilege), names in columns.items():
        lost[table, client].append(f"{privilege} ({', '.join(names)})")
    return lost


def _policies(noted: Sequence[Change]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for change in noted:
        if change.added and change.kind == "policy" and (name := re.match(r'create policy ("[^"]+"|\S+)', change.make)):
            found[change.table].append(name[1])
    return found


def rules(changes: Changes) -> list[str]:
    """Say what the tables enforce from now on, and what they no longer do."""
    said: dict[str, list[str]] = defaultdict(list)
    for change in changes.noted:
        if rule := _rule(change):
            said[rule[0]].append(rule[1])
    lines = [f"{title}: {'; '.join(sorted(set(items)))}." for title, items in sorted(said.items())]
    return lines or ["Nothing."]


def _rule(change: Change) -> tuple[str, str] | None:
    """Return a heading, and what a change comes to; None for what is told elsewhere."""
    make = " ".join(change.make.split())
    column = re.search(r'alter column ("[^"]+"|\S+)', make)
    named = f"{change.table}.{column[1] if column else ''}"
    match change.kind, change.added:
        case "constraint", added:
            body = re.sub(r"^alter table \S+ add constraint (\"[^\"]+\"|\S+) |; comment on constraint .*$", "", make)
            rule = "New constraints" if added else "Constraints that go", f"{change.table}: {_constraint(body, make)}"
        case "not null", added:
            rule = "Never null" if added else "May be null from now on", named
        case "default", added:
            rule = "New defaults" if added else "Defaults that go", f"{named} {make.partition(' set default ')[2]}"
        case "index", added:
            rule = (
                "New indexes" if added else "Indexes that go",
                f"{change.table} {re.sub(r'^.* USING (btree )?', '', make)}",
            )
        case "column", True:
            rule = "New columns", f"{change.table}.{make.partition(' add column ')[2]}"
        case "policy", False:
            rule = "Policies that go", make.partition(" as ")[0].removeprefix("create policy ")
        case "trigger", False:
            rule = "Triggers that go", make
        case "function", _:
            rule = "Functions with a fixed search_path", make.removeprefix("alter function ").partition(" set ")[0]
        case _:
            return None
    return rule


def _constraint(body: str, make: str) -> str:
    """Say what a constraint is for."""
    if found := re.fullmatch(r"UNIQUE \((.*)\)", body):
        return f"one row for each {listed(found[1].split(', '))}"
    if found := re.fullmatch(r"FOREIGN KEY \((\w+)\) REFERENCES (?:public\.)?(\w+)\(\w+\)(.*)", body):
        goes = ", and goes with it" if "ON DELETE CASCADE" in found[3] else ""
        return f"{found[1]} refers to {found[2]}{goes}{' (new rows only)' if 'NOT VALID' in found[3] else ''}"
    if body.startswith("CHECK") and (name := re.search(r'add constraint ("[^"]+"|\S+)', make)):
        return name[1].strip('"').removeprefix("posts_new_").replace("_", " ")
    return body
