"""The model test notices what it is there for: each mutant of the SQL makes it fail."""

import pytest

from tests.model.mutants import MUTANTS, Mutant
from tests.model.running import run_model


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_model_test_notices(project: dict[str, str], mutant: Mutant) -> None:
    """A function that breaks one sentence of the contract differs from the reference within a few examples."""
    mutant.apply(project["DATABASE_URL"])
    run = run_model(project["DATABASE_URL"], 1, examples=80, shrink=False)
    assert run.failure, f"{mutant.name} went unnoticed for {run.steps} steps"
