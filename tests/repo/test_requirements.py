"""The requirements files say all that gets installed, exactly."""

import re
from importlib.metadata import distribution, version
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]


def lines_of(name: str) -> list[str]:
    """Return the lines of a file that say something; what is continued on the next line is one line."""
    text = re.sub(r"\\\n", " ", (ROOT / name).read_text())
    return list(filter(None, (line.partition("#")[0].strip() for line in text.splitlines())))


def hashes_of(line: str) -> list[str]:
    """Return the hashes of a requirement's files."""
    return re.findall(r"--hash=sha256:([0-9a-f]{64})(?= |$)", line)


def pins(name: str) -> dict[str, Requirement]:
    """Return the requirements of a file, by package."""
    found = (Requirement(line.partition(" --hash")[0]) for line in lines_of(name) if not line.startswith("-r "))
    return {canonicalize_name(requirement.name): requirement for requirement in found}


FILES = ["requirements.txt", "requirements-cli.txt", "requirements-dev.txt"]


@pytest.mark.parametrize("file", FILES)
def test_every_version_is_exact_and_installed(file: str) -> None:
    """What the tests ran on is what gets deployed."""
    for name, requirement in pins(file).items():
        assert re.fullmatch(r"==[\w.]+", str(requirement.specifier)), name
        assert requirement.specifier.contains(version(name)), name


@pytest.mark.parametrize("file", [*FILES, "bench/peers/requirements.txt"])
def test_every_package_has_its_hashes(file: str) -> None:
    """A package index that answers with another file under the same version is refused."""
    assert not [line for line in lines_of(file) if not hashes_of(line)]


@pytest.mark.parametrize(("source", "file"), [(file.replace(".txt", ".in"), file) for file in FILES])
def test_the_lock_files_are_up_to_date(source: str, file: str) -> None:
    """A version that was changed in the source only would be installed nowhere."""
    locked = pins(file)
    for name, requirement in pins(source).items():
        assert locked[name].specifier == requirement.specifier, f"{name}: run make lock"


def test_the_tests_run_on_what_is_deployed() -> None:
    """The same files too: all lock files name them by the same hashes."""
    locked = [{line.split()[0]: hashes_of(line) for line in lines_of(file)} for file in FILES]
    for fewer, more in pairwise(locked):
        assert fewer == {pin: more.get(pin) for pin in fewer}


def test_the_command_line_is_not_deployed() -> None:
    """Not one of its packages is among those of the functions."""
    assert {"rich", "typer"} <= pins("requirements-cli.in").keys()
    assert not pins("requirements-cli.in").keys() & pins("requirements.txt").keys()


@pytest.mark.parametrize("file", FILES)
def test_what_packages_need_is_pinned_too(file: str) -> None:
    """Or the same commit, deployed a week later, would hold other code."""
    pinned, sources = pins(file), pins("requirements.in") | pins("requirements-cli.in") | pins("requirements-dev.in")
    for name, requirement in pinned.items():
        extras = {"", *requirement.extras, *sources.get(name, requirement).extras}
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
