"""The verdict: whether the app can adopt the queue, what a person does by hand before, and the next command. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dev.doctor.names import BY_HAND
from dev.rehearse.app import SEED
from dev.rehearse.changes import TABLES
from dev.rehearse.rehearsal import OLD_IMAGE_URLS, Rehearsal
from dev.rehearse.words import count, listed

MOVED = re.compile(r"^alter [a-z ]+ public\.\"?(\w+).* set schema ", re.MULTILINE)
# Of these names one line shows so many.
MOST = 8
# Worth a person's time before the adoption.
SERIOUS = ("critical", "high")
# What these are about is decided in steps of their own.
LATER = {"like_writes_ignored", "session_ids_public"}
# The old front end writes by it, so that it is mended when that is gone.
OPEN = "policy_open"
# Brings back likes that have no ratings.
KEEPS = "keep_old_likes"


@dataclass(frozen=True, slots=True)
class Verdict:
    """reason: why not, or what is wrong all the same. before: what is done by hand, in order. next: commands."""

    can: bool
    reason: str
    before: list[str]
    next: list[str]
    exit_code: int


def judge(rehearsal: Rehearsal) -> Verdict:
    """Judge a rehearsal that came to its end, or to what stops an adoption."""
    folder = rehearsal.app.folder
    again = f"make rehearse DIR={folder}"
    if rehearsal.taken is not None:
        number = len(rehearsal.taken.message.split(", "))
        reason = f"{count(number, 'name')} of the queue {'is' if number == 1 else 'are'} taken"
        new = f"cd {rehearsal.app.project} && supabase migration new move_the_draft"
        return Verdict(False, reason, _moving(rehearsal.taken.mend, rehearsal.app.seed), [new, again], 1)
    if rehearsal.failure is not None:
        stops = rehearsal.failure
        mend = stops.hint or "Mend that by a migration of the app's own."
        return Verdict(False, f"{stops.file.name} stops, {stops.reason}", [mend], [again], 1)
    if rehearsal.changes is not None and len(rehearsal.changes.made) == len(TABLES):
        reason = f"its migrations make none of {', '.join(TABLES)}, so there is nothing to adopt"
        schema = rehearsal.app.schema
        dump = f"If Supabase's dashboard made them: `supabase db dump --remote -f {schema}` in the app, with Docker."
        return Verdict(False, reason, [dump], [f'{again} ARGS="--dump {schema}"'], 1)
    keeps = any(step.stem == KEEPS for step in rehearsal.steps)
    arguments = f'"--dry-run --add {KEEPS}"' if keeps else "--dry-run"
    install = f"make install-into DIR={folder} ARGS={arguments}"
    if rehearsal.remains:
        reason = "the way back does not lead to what was there: see part 4"
        return Verdict(True, reason, ["Look at what part 4 lists: could you do without it?"], [install], 1)
    return Verdict(True, "", _decisions(rehearsal, keeps=keeps), [install], 0)


def _moving(mend: str, seed: str) -> list[str]:
    steps = [line.removeprefix(BY_HAND) for line in mend.splitlines() if line.startswith(BY_HAND)]
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
        steps.append(f'Decide whether {likes} without ratings shall stay. If so: ARGS="--add {KEEPS}" in step 2.')
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
