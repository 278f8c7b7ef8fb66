"""What a local `vercel build` leaves in an app: it makes a Python project of our requirements.txt."""

import re
import tomllib
from pathlib import Path

# With these in one folder, Vercel would not look at our requirements.txt.
PYTHON_PROJECTS = ("pyproject.toml", "uv.lock", "Pipfile", "Pipfile.lock")
LEFT = ("pyproject.toml", "uv.lock")


def hindrances(app: Path, *, is_installed: bool) -> list[str]:
    """Say what keeps Vercel from installing our requirements.txt. is_installed: whether it is the app's already.

    What a build has left stops an update too: once committed, Vercel would go on with the packages of that day.
    """
    there = [name for name in PYTHON_PROJECTS if (app / name).exists()]
    problems = []
    if is_installed and _made_of_ours(app):
        left = [name for name in LEFT if name in there]
        problems.append(
            f"{' and '.join(left)} {'was' if len(left) == 1 else 'were'} left by a local `vercel build`, and Vercel "
            f"would install by them instead of our requirements.txt: rm {' '.join(left)}"
        )
        there = [name for name in there if name not in left]
    mend = "delete it, if a local `vercel build` left it" if is_installed else "use --mode two-projects"
    return problems + [f"{name} is there, so Vercel would not install our requirements.txt: {mend}" for name in there]


def _made_of_ours(app: Path) -> bool:
    """Whether pyproject.toml says nothing but a project with the pins of requirements.txt."""
    try:
        made = tomllib.loads((app / "pyproject.toml").read_text())
        ours = (app / "requirements.txt").read_text()
    except (OSError, ValueError):
        return False
    project = made.get("project", {})
    if made.keys() != {"project"} or not project.keys() <= {"name", "version", "dependencies", "requires-python"}:
        return False
    pins = {pin for line in ours.splitlines() if (pin := _pin(line))}
    return bool(pins) and {_pin(each) for each in project.get("dependencies", [])} == pins


def _pin(requirement: str) -> str | None:
    """Return `name==version` of a line, with the name as all spell it."""
    found = re.match(r"([\w.-]+)(?:\[[^]]*\])?==([^\s;]+)", requirement)
    return found and f"{re.sub(r'[-_.]+', '-', found[1]).lower()}=={found[2]}"
