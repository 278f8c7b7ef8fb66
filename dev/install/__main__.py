"""The command line: plan, do, and tell."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

import dev.install
from dev import paths
from dev.errors import StackError
from dev.install import callers, disk, folders, manifest, names, steps, telling, writers
from dev.install.manifest import Choices, Manifest
from dev.install.plan import Plan, for_install, for_removal
from dev.process import pipes
from dev.supabase.migrations import found_in
from lib.cli.words import plural

# What may be said of a choice, where its pattern would say nothing to a person.
RULES = {
    "folder": "a folder of the app, such as queue or services/queue",
    "prefix": "lower-case letters, digits and -, at most 40, such as jobs",
    "supabase": "the app's folder of that name, relative to the app, such as ../../supabase",
}


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says; return 1 when something stops it."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.remove and (asked.add or any(getattr(asked, name) for name in Choices.model_fields)):
        parser.error("--remove takes out all that was put in: no other choice goes with it")
    try:
        app = folders.app_at(asked.into, paths.PROJECT)
        before = manifest.read(app)
        return remove(app, asked) if asked.remove else install(app, before, _choices(asked, app, before), asked)
    except StackError as failure:
        telling.remark("error:", str(failure), style="bold red", stderr=True)
        return 1


def install(app: Path, before: Manifest | None, choices: Choices, asked: argparse.Namespace) -> int:
    """Put the queue into the app, or bring it up to date."""
    # The first time, the pages are built and Postgres is downloaded.
    with telling.console(stderr=True).status("Looking at the app"):
        plan = _planned(app, before, choices, asked.add)
    if plan.problems:
        _tell_remarks(plan)
        telling.say(f"Nothing was changed: {plural(len(plan.problems), 'problem')} to solve first.", stderr=True)
        return 1
    kinds = telling.kinds_of(plan)
    if not asked.dry_run:
        disk.carry_out(plan)
    telling.say(_title(plan, before, asked))
    telling.show_changes(plan, kinds, dry_run=asked.dry_run, every=asked.verbose)
    _tell_remarks(plan)
    if asked.dry_run:
        telling.say(
            "Nothing was changed."
            + (" Without --dry-run it does this, and says what comes next." if plan.changes else "")
        )
    elif not plan.changes:
        telling.say("What comes after an installation is in docs/adopt.md, from section 3 on.")
    elif before is None:
        steps.after_install(plan, _writers(plan))
    else:
        steps.after_change(plan, before, _writers(plan))
    return 0


def _planned(app: Path, before: Manifest | None, choices: Choices, add: Sequence[str]) -> Plan:
    """Decide what to do, and look whether names are taken while the migration that asks for them is not there."""
    plan = for_install(paths.PROJECT, app, choices, datetime.now(UTC), add)
    first = found_in(paths.PROJECT)[0].file.name
    if before is None or first not in before.migrations:
        problems, notes = names.taken((app / choices.supabase).parent)
        plan.problems += problems
        plan.notes += notes
    return plan


def remove(app: Path, asked: argparse.Namespace) -> int:
    """Take out what was put in."""
    before = manifest.read(app)
    plan = for_removal(app)
    uses = callers.uses(paths.PROJECT, app, before.choices, before.files.keys()) if before else []
    kinds = telling.kinds_of(plan)
    if not asked.dry_run:
        disk.carry_out(plan)
    telling.say(f"{'Would take' if asked.dry_run else 'Took'} the queue out of {app}.")
    telling.show_changes(plan, kinds, dry_run=asked.dry_run, every=asked.verbose)
    _tell_remarks(plan)
    if asked.dry_run:
        telling.say("Nothing was changed. Without --dry-run it does this, and says how to roll the database back.")
        steps.tell_uses(uses)
    elif before is not None:
        steps.after_removal(paths.PROJECT, before, uses)
    return 0


def _title(plan: Plan, before: Manifest | None, asked: argparse.Namespace) -> str:
    """Return the first line."""
    if not plan.changes:
        kept = f"{plural(plan.unchanged, 'file')} and {plural(plan.unchanged_migrations, 'migration')}"
        return f"The queue in {plan.app} is up to date: {kept}."
    if before is not None and asked.add:
        return f"{'Would add' if asked.dry_run else 'Added'} {', '.join(asked.add)} to the queue in {plan.app}."
    if before is not None:
        return f"{'Would bring' if asked.dry_run else 'Brought'} the queue in {plan.app} up to date."
    how = (
        f"a second project in {plan.choices.folder}/"
        if plan.choices.mode == "two-projects"
        else "one project with the app"
    )
    return f"{'Would put' if asked.dry_run else 'Put'} the queue into {plan.app}, as {how}."


def _tell_remarks(plan: Plan) -> None:
    for note in plan.notes:
        telling.remark("note:", note, style="yellow")
    for problem in plan.problems:
        telling.remark("stops:", problem, style="bold red", stderr=True)


def _writers(plan: Plan) -> list[str]:
    ours = (
        {*plan.manifest.files, *(each.installed_as for each in plan.manifest.migrations.values())}
        if plan.manifest
        else set()
    )
    return writers.writers_of_likes(plan.app, plan.app / plan.choices.supabase, ours)


def _choices(asked: argparse.Namespace, app: Path, before: Manifest | None) -> Choices:
    """What was asked for; what was not asked for is as it was installed, or where it is found."""
    known = before.choices.model_dump() if before else {"mode": "two-projects", "supabase": folders.supabase_of(app)}
    given = {name: getattr(asked, name) for name in Choices.model_fields if getattr(asked, name) is not None}
    try:
        choices = Choices.model_validate(known | given)
    except ValidationError as refused:
        problem = refused.errors()[0]
        name = str(problem["loc"][0])
        raise StackError(f"--{name} {problem['input']}: it must be {RULES[name]}") from refused
    if asked.supabase is not None and not (app / choices.supabase).is_dir():
        raise StackError(f"--supabase {choices.supabase}: {(app / choices.supabase).resolve()} is not there")
    return choices


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m dev.install", description=dev.install.__doc__, formatter_class=raw)
    parser.add_argument("--into", type=Path, required=True, metavar="DIR", help="the app's repository")
    parser.add_argument("--mode", choices=["two-projects", "one-project"], help="Vercel projects; else two-projects")
    parser.add_argument("--folder", metavar="DIR", help="of two projects: the queue's, in the app; else queue")
    parser.add_argument(
        "--prefix", metavar="NAME", help="our routes are /api/NAME/..., where the app has such ones itself"
    )
    parser.add_argument(
        "--supabase", metavar="DIR", help="the app's supabase/, from the app; else found in the repository"
    )
    parser.add_argument(
        "--add",
        action="append",
        default=[],
        metavar="NAME",
        help="an optional step, such as strict_likes; again for more",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what it would do, and change nothing")
    parser.add_argument("--verbose", action="store_true", help="name each file")
    parser.add_argument("--remove", action="store_true", help="take out what it put in")
    return parser


if __name__ == "__main__":
    pipes.run(lambda: main(sys.argv[1:]))
