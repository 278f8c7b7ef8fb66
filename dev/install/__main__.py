"""The command line: plan, show, and do."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

import dev.install
from dev import paths
from dev.errors import StackError
from dev.install import manifest, steps
from dev.install.manifest import Choices
from dev.install.plan import Plan, for_install, for_removal


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says; return 1 when something stops it."""
    asked = _parser().parse_args(arguments)
    app = asked.into.resolve()
    try:
        if not (app / "package.json").exists():
            raise StackError(f"{app} has no package.json: it is not the folder of a Next.js app")
        plan = (
            for_removal(app)
            if asked.remove
            else for_install(paths.PROJECT, app, _choices(asked, app), _now(), asked.add)
        )
        show(plan, dry_run=asked.dry_run)
        if plan.problems:
            print(f"\nNothing was changed: {len(plan.problems)} of these stop it.", file=sys.stderr)
            return 1
        before = manifest.read(app)
        if not asked.dry_run:
            carry_out(plan)
        if asked.remove and before is not None:
            print("\n" + steps.after_removal(paths.PROJECT, before))
        elif plan.manifest is not None:
            print("\n" + steps.after_install(plan.manifest.choices, steps.writers_of_likes(app, plan.manifest.files)))
    except StackError as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    return 0


def show(plan: Plan, *, dry_run: bool) -> None:
    """Print what will happen, each file on a line in a dry run."""
    created = [name for name in plan.write if plan.creates(name)]
    updated = [name for name in plan.write if not plan.creates(name)]
    for word, names in (("create", created), ("update", updated), ("delete", plan.delete)):
        for name in names if dry_run else ():
            print(f"{word}  {name}")
        if names:
            print(f"{'would ' if dry_run else ''}{word} {len(names)} files")
    print(f"{plan.unchanged} files are as they should be") if plan.unchanged else None
    for note in plan.notes:
        print(f"note: {note}")
    for problem in plan.problems:
        print(f"stops: {problem}", file=sys.stderr)


def carry_out(plan: Plan) -> None:
    """Write and delete. The manifest comes first: what is cut short is known as ours, and the next run completes it."""
    if plan.manifest is not None:
        (plan.app / manifest.FILE_NAME).write_text(plan.manifest.dumps())
    for name, content in plan.write.items():
        target = plan.app / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    for name in plan.delete:
        (plan.app / name).unlink(missing_ok=True)
        for folder in (plan.app / name).parents:
            if folder == plan.app or any(folder.iterdir()):
                break
            folder.rmdir()


def _choices(asked: argparse.Namespace, app: Path) -> Choices:
    """What was asked for; what was not asked for is as it was installed."""
    before = manifest.read(app)
    known = before.choices.model_dump() if before else {"mode": "two-projects"}
    given = {name: getattr(asked, name) for name in ("mode", "folder", "prefix") if getattr(asked, name) is not None}
    try:
        return Choices.model_validate(known | given)
    except ValidationError as refused:
        problem = refused.errors()[0]
        raise StackError(f"--{problem['loc'][0]}: {problem['msg']}") from refused


def _now() -> datetime:
    return datetime.now(UTC)


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m dev.install", description=dev.install.__doc__, formatter_class=raw)
    parser.add_argument("--into", type=Path, required=True, metavar="DIR", help="the app's repository")
    parser.add_argument("--mode", choices=["two-projects", "one-project"], help="two-projects, unless said otherwise")
    parser.add_argument(
        "--folder", help="of two projects: where the queue's lies in the app, queue/ unless said otherwise"
    )
    parser.add_argument("--prefix", help="our routes are /api/<prefix>/..., where the app has such routes itself")
    parser.add_argument(
        "--add", action="append", default=[], metavar="NAME", help="an optional step: a file of supabase/optional"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what it would do, and change nothing")
    parser.add_argument("--remove", action="store_true", help="take out what it put in")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
