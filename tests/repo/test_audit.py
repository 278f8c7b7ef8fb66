"""`make audit` says what it could not ask: a service that is not there must not look like a clean answer."""

import json
from typing import Any

import pytest

from dev.audit.answers import Answer, exit_status, of_npm, of_pip_audit, together

CLEAN = {"dependencies": [{"name": "httpx", "version": "0.28.1", "vulns": []}]}
WEAK = {"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}]}
# What it prints, with status 0, when the index has no such data.
SKIPPED = {"dependencies": [*CLEAN["dependencies"], {"name": "b", "skip_reason": "Dependency not found on PyPI"}]}
TRACEBACK = "Traceback\n  File\nrequests.exceptions.ConnectionError: Failed to resolve 'api.osv.dev'\n"


@pytest.mark.parametrize(
    ("printed", "answer"),
    [
        (CLEAN, Answer("x", 1)),
        (WEAK, Answer("x", 1, ("a 1: CVE-1, mended in 2",))),
        (SKIPPED, Answer("x", 2, unasked="1 of 2 packages; Dependency not found on PyPI")),
    ],
)
def test_pip_audit_is_understood(printed: dict[str, Any], answer: Answer) -> None:
    """What it skipped was not asked, whatever its exit status says."""
    assert of_pip_audit("x", json.dumps(printed), "No known vulnerabilities found") == answer


def test_a_pip_audit_that_breaks_was_not_asked() -> None:
    """The error is said, not the traceback."""
    answer = of_pip_audit("x", "", TRACEBACK)
    assert answer == Answer("x", unasked="requests.exceptions.ConnectionError: Failed to resolve 'api.osv.dev'")


def test_what_one_service_does_not_know_another_may() -> None:
    """And a weakness that one of them knows counts although the other was not there."""
    known, silent = Answer("x", 1), Answer("x", unasked="away")
    weak = Answer("x", 2, ("a",), unasked="1 of 2")
    assert together([silent, known]) == known
    assert together([weak, silent]) == Answer("x", 2, ("a",), unasked="1 of 2 / away")


def report(severity: str) -> str:
    """What npm audit prints."""
    found = {"tar": {"name": "tar", "severity": severity, "range": "<7"}}
    return json.dumps({"vulnerabilities": found, "metadata": {"dependencies": {"total": 9}}})


@pytest.mark.parametrize(
    ("printed", "answer"),
    [
        (report("high"), Answer("x", 9, ("tar <7: high",))),
        (report("low"), Answer("x", 9)),
        ('{"message": "405 Method Not Allowed", "statusCode": 405}', Answer("x", unasked="405 Method Not Allowed")),
        ("npm error network\n", Answer("x", unasked="npm error network")),
        ("", Answer("x", unasked="it said nothing")),
    ],
)
def test_npm_audit_is_understood(printed: str, answer: Answer) -> None:
    """An error of the registry is JSON too."""
    assert of_npm("x", printed, serious=frozenset({"high"})) == answer


def test_the_exit_status_tells_a_weakness_from_silence() -> None:
    """And neither is 0."""
    clean, silent, weak = Answer("x", 1), Answer("x", unasked="why"), Answer("x", 1, ("a",))
    assert (exit_status([clean]), exit_status([clean, silent]), exit_status([silent, weak])) == (0, 2, 1)
    assert "COULD NOT BE ASKED: why" in str(silent)
