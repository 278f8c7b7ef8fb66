"""The model test notices what it is there for: each mutant of the SQL makes it fail."""

import pytest

from tests.model.mutants import FENCE_REMOVED, MUTANTS, RESCUE_WITHOUT_ISOLATION, Mutant
from tests.model.running import run_model, run_walk


def test_the_walk_passes(project: dict[str, str]) -> None:
    """With the SQL as it is."""
    assert run_walk(project["DATABASE_URL"]) == ""


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_walk_notices(project: dict[str, str], mutant: Mutant) -> None:
    """A function that breaks one sentence of the contract differs from the reference somewhere on the way."""
    mutant.apply(project["DATABASE_URL"])
    told = run_walk(project["DATABASE_URL"])
    assert told != ""
    assert "Undefined" not in told, "the mutant is no SQL: whatever the test checks, it would fail"
    assert "SyntaxError" not in told


@pytest.mark.parametrize("mutant", [FENCE_REMOVED, RESCUE_WITHOUT_ISOLATION], ids=lambda mutant: mutant.name)
def test_random_steps_notice(project: dict[str, str], mutant: Mutant) -> None:
    """Nobody has to know where the fault is: chance finds it."""
    mutant.apply(project["DATABASE_URL"])
    run = run_model(project["DATABASE_URL"], 1, examples=80, shrink=False)
    assert run.failure, f"{mutant.name} went unnoticed for {run.steps} steps"
