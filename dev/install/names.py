"""Whether the app has something of its own under a name of ours, found out before anything is written.

`supabase db push` would find it out too, but after the files are there. So the app's own migrations are applied to a
database on this machine, and the first of ours is asked, which refuses by itself.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg.rows import class_row

from dev.doctor.examination import Finding, clashes
from dev.doctor.names import by_hand, steps_by_hand
from dev.errors import StackError
from dev.rehearse import scripts
from dev.supabase import migrations, temporary

LIVE = "`make doctor` with the live database's DATABASE_URL in the environment says it, and changes nothing."


def taken(project: Path) -> tuple[list[str], list[str]]:
    """Return what stops the installation, and what to know. project: the folder that has the app's supabase/."""
    own = migrations.found_in(project)
    if not own:
        return [], [
            f"{project}/supabase has no migrations, so names of ours that the app has taken were not seen. {LIVE}"
        ]
    with tempfile.TemporaryDirectory() as nothing, temporary(Path(nothing)) as stack:
        url = stack.address.postgres_url()
        notes = _apply(url, own)
        with psycopg.connect(url, row_factory=class_row(Finding)) as database:
            return [_said(finding) for finding in clashes(database)], notes


def _apply(url: str, own: Sequence[migrations.Migration]) -> list[str]:
    """Apply the app's migrations, and say so when one does not: what those before it made is there."""
    with psycopg.connect(url, autocommit=True) as database:
        try:
            for each in own:
                scripts.run(database, each.file)
        except StackError as failure:
            seen = "the app's migrations do not all apply on this machine, so names that the rest takes were not seen"
            return [f"{seen}. {LIVE} What stopped them: {failure}"]
    return []


def _said(finding: Finding) -> str:
    """What is taken, and the way out, to be copied. What is no name has no SQL that mends it: only words."""
    if finding.code != "names_taken":
        return f"{finding.message}. {finding.mend.removeprefix('-- ')}"
    if by_hand(finding.mend):
        steps = "\n".join(steps_by_hand(finding.mend))
        return f"{finding.message}. Do this by hand, and run this command again:\n{steps}"
    return (
        f"{finding.message}. Stop what uses them. Then `supabase migration new draft` in the app makes a file: paste"
        f" this into it (docs/adopt.md, section 1), and run this command again:\n{finding.mend}"
    )
