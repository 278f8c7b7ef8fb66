"""What has to happen to an app's files, decided before anything is written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from dev.errors import StackError
from dev.install import files, folders, local_build, manifest, migrations, routes
from dev.install.manifest import Choices, Manifest, checksum


@dataclass
class Plan:
    """Files to write and to delete, by path in the app; problems, each of which stops it; notes, for a person.

    manifest: what the app will have of it, None when it is taken out. new_migrations: those to write, by path.
    unchanged: how many files are as they should be already; unchanged_migrations: how many migrations.
    """

    app: Path
    choices: Choices
    manifest: Manifest | None = None
    write: dict[str, bytes] = field(default_factory=dict)
    delete: list[str] = field(default_factory=list)
    new_migrations: list[str] = field(default_factory=list)
    unchanged: int = 0
    unchanged_migrations: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def creates(self, name: str) -> bool:
        """Whether a file to write is not there yet."""
        return not (self.app / name).exists()

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.write or self.delete)


def for_install(project: Path, app: Path, choices: Choices, now: datetime, add: Sequence[str] = ()) -> Plan:
    """Plan an installation, or bringing one up to date. add: optional steps, as supabase/optional has them.

    Raises StackError when there is nothing to plan with.
    """
    before = manifest.read(app)
    if before is not None and before.choices != choices:
        raise StackError(
            f"it is installed with {_described(before.choices)}: to change that, take it out first, with --remove"
        )
    known = before or Manifest(choices=choices)
    plan = Plan(app, choices)
    placed, problems = migrations.place(project, app / choices.migrations, known.migrations, now, add)
    plan.problems += problems
    own = files.wanted(project, app, choices)
    originals = dict(known.originals)
    if choices.mode == "one-project" and "vercel.json" not in originals:
        originals["vercel.json"] = _text(app / "vercel.json")
    own |= files.changed(project, choices, originals.get("vercel.json"))
    for name, content in own.items():
        _decide(plan, name, content, known, originals)
    for each in placed:
        if each.new:
            name = f"{choices.migrations}/{each.installed_as}"
            plan.write[name] = each.source.read_bytes()
            plan.new_migrations.append(name)
    plan.unchanged_migrations = len(placed) - len(plan.new_migrations)
    for name in sorted(known.files.keys() - own.keys()):
        _drop(plan, name, known.files[name])
    _remark(plan, project, is_installed=before is not None)
    plan.manifest = Manifest(
        choices=choices,
        files={name: checksum(content) for name, content in own.items()},
        migrations={each.key: each.note() for each in placed},
        originals=originals,
    )
    kept = plan.manifest.dumps().encode()
    if before is None or (app / manifest.FILE_NAME).read_bytes() != kept:
        # First of all: what is cut short is known as ours, and the next run completes it.
        plan.write = {manifest.FILE_NAME: kept, **plan.write}
    return plan


def for_removal(app: Path) -> Plan:
    """Plan to take out what was put in. Raises StackError when nothing was."""
    before = manifest.read(app)
    if before is None:
        raise StackError(f"{app / manifest.FILE_NAME} is not there: nothing was installed by this program")
    plan = Plan(app, before.choices)
    for name, content in before.files.items():
        original = before.originals.get(name)
        if name in before.originals and original is not None:
            if _is(app / name, content):
                plan.write[name] = original.encode()
            else:
                plan.notes.append(f"{name} was changed since: take the queue's part out of it yourself")
        else:
            _drop(plan, name, content)
    for each in before.migrations.values():
        _drop(plan, f"{before.choices.migrations}/{each.installed_as}", each.checksum)
    plan.delete.append(manifest.FILE_NAME)
    plan.notes += _stays(plan, before)
    return plan


def _stays(plan: Plan, before: Manifest) -> list[str]:
    """Say why the queue's folder does not go: it has files of others, such as those of a local `vercel build`."""
    base = files.base_of(plan.choices)
    names = folders.others_in(plan.app / base, [name.removeprefix(base) for name in before.files]) if base else []
    if not names:
        return []
    it = "it" if len(names) == 1 else "them"
    why = f"{base} stays, because it has what the installer did not put there: {', '.join(names)}"
    return [f"{why}. Delete {it} unless you need {it}"]


def _remark(plan: Plan, project: Path, *, is_installed: bool) -> None:
    """Note what collides with the app, and what it should know."""
    app, choices = plan.app, plan.choices
    if choices.mode == "one-project":
        plan.problems += local_build.hindrances(app, is_installed=is_installed)
    problems, notes = routes.collisions(project, app, choices)
    plan.problems += problems
    plan.notes += notes + routes.caught_by_proxy(project, app, choices) + _ignored(plan)
    if choices.prefix and choices.mode == "one-project":
        plan.notes.append(
            "the operators' page and the description of the API call /api/, so they are not installed under a prefix"
        )


def _decide(plan: Plan, name: str, content: bytes, known: Manifest, originals: dict[str, str | None]) -> None:
    """Write a file, leave it, or say why it cannot be written."""
    target = plan.app / name
    if not target.exists():
        plan.write[name] = content
    elif target.is_file() and target.read_bytes() == content:
        plan.unchanged += 1
    elif name in known.files:
        if _is(target, known.files[name]):
            plan.write[name] = content
        elif target.name == "vercel.json":  # settings are the app's; code of two versions would not fit together
            plan.notes.append(f"{name} was changed since it was installed, so it stays: compare it with this version's")
        else:
            plan.problems.append(
                f"{name} was changed in the app since it was installed: undo that, or move it elsewhere"
            )
    elif name in originals:
        plan.write[name] = content
    else:
        other = "--mode two-projects" if plan.choices.mode == "one-project" else "another --folder"
        plan.problems.append(f"{name} is there already and is not ours: rename it, or use {other}")


def _drop(plan: Plan, name: str, content: str) -> None:
    """Delete a file of ours that nobody changed."""
    if not (plan.app / name).exists():
        return
    if _is(plan.app / name, content):
        plan.delete.append(name)
    else:
        plan.notes.append(f"{name} was changed since it was installed, so it stays")


def _ignored(plan: Plan) -> list[str]:
    """Say which of our files git would leave out of the next commit, and so of the deployment."""
    names = folders.ignored_by_git(plan.app, [*plan.write])
    if not names:
        return []
    some = f"{names[0]}" if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    return [f"git ignores {some}, so a commit would be without. Make an exception in .gitignore"]


def _described(choices: Choices) -> str:
    return " ".join(f"--{name} {text}" for name, text in choices.model_dump(exclude_defaults=True).items())


def _text(file: Path) -> str | None:
    return file.read_text() if file.exists() else None


def _is(file: Path, content: str) -> bool:
    return file.is_file() and checksum(file.read_bytes()) == content
