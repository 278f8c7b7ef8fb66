"""The queue's SQL does what the reference does, step by step."""

import pytest

from tests.model.running import run_model


@pytest.mark.parametrize("seed", [20261124, 20261125])
def test_the_queue_behaves_like_the_reference(project: dict[str, str], seed: int) -> None:
    """Over some thousand steps of every call, with right, old, foreign and repeated tokens."""
    run = run_model(project["DATABASE_URL"], seed, examples=35)
    assert not run.failure, f"seed {run.seed}, after {run.steps} steps:\n{run.failure}"
    assert run.steps > 1000
