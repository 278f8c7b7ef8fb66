"""The verdict: whether the app can adopt the queue, what a person does by hand before, and the next command."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dev import paths
from dev.doctor.names import by_hand, steps_by_hand
from dev.install.manifest import Manifest
from dev.rehearse.app import SEED, App
from dev.rehearse.changes import TABLES
from dev.rehearse.rehearsal import OLD_IMAGE_URLS, Rehearsal
from dev.rehearse.words import count, listed
from dev.release import releases
from dev.supabase import migrations

MOVED = re.compile(r"^alter [a-z ]+ public\.\"?(\w+).* set schema ", re.MULTILINE)
# Of these names one line shows so many.
MOST = 8
# Worth a person's time before the adoption.
SERIOUS = ("critical", "high")
# What these are about is decided in steps of their own.
LATER = {"like_writes_ignored", "session_ids_public"}
# The old front end writes by it, so that it is mended when that is gone.
OPEN = "policy_open"
YOURS = "This file is one that you added to this checkout: mend it here (docs/extend.md)."
# Brings back likes that have no ratings.
KEEPS = "keep_old_likes"


@dataclass(frozen=True, slots=True)
class Verdict:
    """reason: why not, or what is wrong all the same. before: what is done by hand, in order. next: commands.

    already: of an app that has the queue, what it has.
    """

    can: bool
    reason: str
    before: list[str]
    next: list[str]
    exit_code: int
    already: str = ""


def judge(rehearsal: Rehearsal) -> Verdict:
    """Judge a rehearsal that came to its end, or to what stops an adoption."""
    folder = rehearsal.app.folder
    again = f"make rehearse DIR={folder}"
    if rehearsal.taken is not None:
        number = len(rehearsal.taken.message.split(", "))
        reason = f"{count(number, 'name')} of the queue {'is' if number == 1 else 'are'} taken"
        mend = rehearsal.taken.mend
        if by_hand(mend):
            return Verdict(False, reason, steps_by_hand(mend), [again], 1)
        new = f"cd {rehearsal.app.project} && supabase migration new move_the_draft"
        return Verdict(False, reason, _moving(mend, rehearsal.app.seed), [new, again], 1)
    if rehearsal.failure is not None:
        stops = rehearsal.failure
        mend = stops.hint or (YOURS if _is_yours(stops.file) else "Mend that by a migration of the app's own.")
        return Verdict(False, f"{stops.file.name} stops, {stops.reason}", [mend], [again], 1)
    if rehearsal.changes is not None and len(rehearsal.changes.made) == len(TABLES):
        reason = f"its migrations make none of {', '.join(TABLES)}, so there is nothing to adopt"
        schema = rehearsal.app.schema
        dump = f"If Supabase's dashboard made them: `supabase db dump --remote -f {schema}` in the app, with Docker."
        return Verdict(False, reason, [dump], [f'{again} ARGS="--dump {schema}"'], 1)
    return _can(rehearsal)


def _can(rehearsal: Rehearsal) -> Verdict:
    """Judge a rehearsal in which the migrations applied."""
    keeps = any(step.stem == KEEPS for step in rehearsal.steps)
    arguments = f'"--dry-run --add {KEEPS}"' if keeps and KEEPS not in rehearsal.app.steps else "--dry-run"
    install = f"make install-into DIR={rehearsal.app.folder} ARGS={arguments}"
    already = _already(rehearsal.app)
    if rehearsal.remains:
        reason = "the way back does not lead to what was there: see part 4"
        return Verdict(True, reason, ["Look at what part 4 lists: could you do without it?"], [install], 1, already)
    if rehearsal.app.installed is not None:
        doctor = "Put the live database's URL into the environment, as DATABASE_URL: the doctor looks there."
        newer = _lacks(rehearsal, rehearsal.app.installed)
        return Verdict(True, "", [doctor], [*([install] if newer else []), "make doctor"], 0, already)
    return Verdict(True, "", _decisions(rehearsal, keeps=keeps), [install], 0)


def _already(app: App) -> str:
    """Say that an app has the queue, and which optional steps with it."""
    if app.installed is None:
        return ""
    return f"The app has the queue already{f' (with {listed(app.steps)})' if app.steps else ''}"


def _lacks(rehearsal: Rehearsal, installed: Manifest) -> bool:
    """Whether what was rehearsed has something that the app does not: after an update of this checkout, or by --add."""
    ours = {each.file.name for each in migrations.found_in(paths.PROJECT)}
    return bool(ours - installed.migrations.keys()) or any(
        step.stem not in rehearsal.app.steps for step in rehearsal.steps
    )


def _is_yours(file: Path) -> bool:
    """Whether it is a migration of this checkout that no release has."""
    released = {name for release in releases(paths.PROJECT) for name in release.checksums}
    return file.parent == paths.PROJECT / "supabase/migrations" and file.name not in released


def _moving(mend: str, seed: str) -> list[str]:
    steps = steps_by_hand(mend)
    moved = list(dict.fromkeys(MOVED.findall(mend)))
    shown = [*moved[:MOST], f"{len(moved) - MOST} more"] if len(moved) > MOST + 1 else moved
    if moved:
        steps.append(f"Search the app's code for {listed(shown)}: by these names it finds the queue's own afterwards.")
    return [
        "Stop what works on the app's own jobs: its cron, its worker.",
        *steps,
        "Put the SQL above into a migration of the app's own. Its comments say what it switches off.",
        *_of_seed(moved, seed),
        "Jobs that should still run are enqueued anew, after the adoption.",
    ]


def _of_seed(moved: Sequence[str], seed: str) -> list[str]:
    """Say what of seed.sql fails after that migration."""
    named = [name for name in moved if re.search(rf"\b{re.escape(name)}\b", seed)]
    return [f"Change supabase/{SEED}: it is applied after that, and names {listed(named)}."] if named else []


def _decisions(rehearsal: Rehearsal, *, keeps: bool) -> list[str]:
    """Return what a person decides before; nothing of it is in the migrations' way."""
    steps = []
    if rehearsal.changes and rehearsal.changes.higher and not keeps:
        likes = count(rehearsal.changes.lost, "like")
        add = f'ARGS="--add {KEEPS}", in step 2, or in step 4 after looking'
        steps.append(f"Decide whether {likes} without ratings shall stay. If so: {add}.")
    moved = sum(rows for _, _, rows in rehearsal.changes.repaired) if rehearsal.changes else 0
    if moved and rehearsal.app.seed:
        steps.append(
            f"Take the {count(moved, 'row')} that part 2 moves out of supabase/{SEED}, if they come from there: "
            "`supabase db reset` applies it after all migrations, which refuse them."
        )
    if any(warning.startswith(OLD_IMAGE_URLS) for warning in rehearsal.warnings):
        steps.append(
            "Change the code that writes an image_url which is no http(s) URL and no path: new ones are refused."
        )
    serious = [each for each in rehearsal.after or [] if each.severity in SERIOUS and each.code not in LATER]
    policies = [each for each in serious if each.code == OPEN]
    serious = [each for each in serious if each.code != OPEN]
    if serious:
        stay = (
            "1 serious finding stays: mend it"
            if len(serious) == 1
            else f"{len(serious)} serious findings stay: mend them"
        )
        steps.append(f"{stay} as part 3 says, before or after the adoption.")
    if policies:
        stay = "1 policy lets" if len(policies) == 1 else f"{len(policies)} policies let"
        one = "it" if len(policies) == 1 else "them"
        steps.append(f"{stay} anybody change rows. Mend {one} as part 3 says, but when the old front end is gone.")
    return steps
