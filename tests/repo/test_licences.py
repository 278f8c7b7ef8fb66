"""docs/licences.md lists what is deployed, and nothing of it has a licence that we cannot keep."""

import json
from pathlib import Path

import pytest

from dev.licences import __main__ as licences
from dev.licences import npm
from dev.licences.package import Package


def test_the_page_is_current() -> None:
    """`make licences` writes it."""
    assert licences.PAGE.read_text() == licences.page(licences.deployed())


def test_each_licence_is_allowed() -> None:
    """One that is new is a decision of a person, in dev/licences/package.py."""
    assert [each for each in licences.deployed() if not each.allowed] == []
    assert "supabase" in {each.name for each in licences.deployed()}


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("MIT OR GPL-3.0-only", True),
        ("(MIT OR Apache-2.0)", True),
        ("Apache-2.0 AND MIT", True),
        ("MIT AND AGPL-3.0-only", False),
        ("GPL-3.0-only", False),
        ("none", False),
        ("Proprietary", False),
    ],
)
def test_an_expression_is_understood(licence: str, allowed: bool) -> None:
    """Of two that are offered one is enough; two that hold both count."""
    assert Package("functions", "x", "1", licence).allowed is allowed


def test_tools_of_a_bundle_are_not_deployed(tmp_path: Path) -> None:
    """What npm marks as dev stays where the bundle is built."""
    lock = tmp_path / "package-lock.json"
    entry = {"version": "1.0.0", "license": "MIT"}
    packages = {"": {}, "node_modules/a": entry, "node_modules/b/node_modules/@c/d": entry}
    lock.write_text(json.dumps({"packages": packages | {"node_modules/vite": {**entry, "dev": True}}}))
    assert [each.name for each in npm.packages(lock, "dashboard")] == ["a", "@c/d"]
