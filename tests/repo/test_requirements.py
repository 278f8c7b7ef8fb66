"""The requirements files say all that gets installed, exactly."""

import re
from importlib.metadata import distribution, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]


def pins(name: str) -> dict[str, Requirement]:
    """Return the requirements of a file and of those it includes, by package."""
    found: dict[str, Requirement] = {}
    for line in (ROOT / name).read_text().splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            found |= pins(text.removeprefix("-r "))
        elif text:
            requirement = Requirement(text)
            found[canonicalize_name(requirement.name)] = requirement
    return found


FILES = ["requirements.txt", "requirements-dev.txt"]


@pytest.mark.parametrize("file", FILES)
def test_every_version_is_exact_and_installed(file: str) -> None:
    """What the tests ran on is what gets deployed."""
    for name, requirement in pins(file).items():
        assert re.fullmatch(r"==[\w.]+", str(requirement.specifier)), name
        assert requirement.specifier.contains(version(name)), name


@pytest.mark.parametrize("file", FILES)
def test_what_packages_need_is_pinned_too(file: str) -> None:
    """Or the same commit, deployed a week later, would hold other code."""
    pinned = pins(file)
    for name, requirement in pinned.items():
        extras = {"", *requirement.extras}
        for text in distribution(name).requires or []:
            needed = Requirement(text)
            applies = any(needed.marker is None or needed.marker.evaluate({"extra": extra}) for extra in extras)
            assert not applies or canonicalize_name(needed.name) in pinned, f"{name} needs {text}"


def test_there_is_no_pyproject() -> None:
    """Beside one, Vercel ignores requirements.txt: a green build with nothing vendored."""
    assert not (ROOT / "pyproject.toml").exists()
    assert not (ROOT / "uv.lock").exists()


def test_all_tools_agree_on_the_python() -> None:
    """Vercel runs what .python-version says."""
    python = (ROOT / ".python-version").read_text().strip()
    assert f"python_version = {python}\n" in (ROOT / "mypy.ini").read_text()
    assert f'target-version = "py{python.replace(".", "")}"\n' in (ROOT / "ruff.toml").read_text()
