"""A short run, always the same: no request that the description allows, or just not, finds a fault."""

from collections.abc import Callable

import pytest

from dev.vercel import Functions
from tests.fuzz.running import OVERRIDES, fuzz

type Serve = Callable[..., Functions]
SHORT = ("--seed", "1", "--max-examples", "8", "--phases", "coverage,fuzzing", "--no-shrink", "--workers", "4")


@pytest.mark.timeout(170)
def test_no_reply_breaks_a_promise_of_the_description(functions: Serve, project: dict[str, str]) -> None:
    """No 500, no status, header or body that the description does not have, nothing open that it says is closed."""
    served = functions(env_overrides=OVERRIDES)
    served.warm()
    ended = fuzz(served, project, *SHORT)
    assert ended.returncode == 0, ended.stdout[-20_000:] + ended.stderr[-2000:]
