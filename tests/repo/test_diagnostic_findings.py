"""DIAGNOSTIC_FINDINGS.md lists what `make diagnose-demo` shows, and the demo shows it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dev.diagnose.adopting import before_and_after
from dev.diagnose.document import FILE, rendered
from dev.diagnose.fault import Fault, Finding
from dev.diagnose.faults import FAULTS
from dev.diagnose.scene import OLD_APP, Scene
from dev.supabase import Address, Databases
from tests.conftest import PROJECT

RUN = [fault for fault in FAULTS if fault.show]
# Named by hand, so that none is dropped unseen.
NOT_RUN = {"realtime_never_unsubscribed", "stale_redis_entries", "comment_counts_flash"}


@contextmanager
def old_app(address: Address, request: pytest.FixtureRequest, name: str) -> Iterator[Scene]:
    """The old app in a database of its own."""
    worker = getattr(request.config, "workerinput", {"workerid": "main"})["workerid"]
    databases, name = Databases(address, OLD_APP), f"{name}_{worker}"
    databases.create(name)
    databases.migrate(name)
    scene = Scene(address, name)
    yield scene
    scene.db.close()
    databases.drop(name)


@pytest.fixture(scope="module")
def scene(address: Address, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The old app, which each fault finds empty."""
    with old_app(address, request, "old_app") as scene:
        yield scene


@pytest.mark.parametrize("fault", RUN, ids=lambda fault: fault.code)
def test_each_fault_of_the_old_app_shows_itself(scene: Scene, fault: Fault) -> None:
    """On a real stack, each time."""
    scene.empty()
    found = Finding.of(fault, scene)
    assert found.ran
    assert found.evidence.shown, found.evidence.seen


def test_the_migrations_end_what_the_doctor_found(address: Address, request: pytest.FixtureRequest) -> None:
    """Nothing critical is left. What stays is what the app decides: its policies, and when its old clients are gone."""
    with old_app(address, request, "adopted_old_app") as scene:  # no fault can be shown in it afterwards
        before, after = before_and_after(scene)
    assert {"duplicate_ratings", "like_drift", "jobs_stuck", "names_taken"} < {finding.code for finding in before}
    assert {finding.code for finding in after} == {"policy_open", "session_ids_public", "like_writes_ignored"}


def test_the_document_lists_the_faults() -> None:
    """In the same order, with the same severity, and with what could not be run marked."""
    text = (PROJECT / FILE).read_text()
    documented = re.findall(r"^## \d+\. (.*)\n\n\*(\w+)\*, `(\w+)`", text, re.MULTILINE)
    assert documented == [(fault.title, fault.severity, fault.code) for fault in FAULTS]
    marked = re.findall(r"^\| \d+ \| \[(.*?)\]\(#.*\| no \|$", text, re.MULTILINE)
    assert {fault.code for fault in FAULTS if fault.title in marked} == NOT_RUN
    assert "not shown" not in text


def test_the_document_is_as_the_demo_writes_it() -> None:
    """But for the figures, which are of one run."""
    figures = re.compile(r"\d[\d,]*")
    findings = [Finding(fault, fault.evidence, ran=False) for fault in FAULTS if fault.evidence]
    for section in rendered(findings, [], []).split("\n## ")[1:-1]:
        body = section.split("\n", 1)[1]
        assert figures.sub("", body) in figures.sub("", (PROJECT / FILE).read_text())
