"""Running the state machine: a fixed seed in `make test`, any seed in the soak."""

import contextlib
import io
from dataclasses import dataclass

import psycopg
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.errors import FlakyStrategyDefinition
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import QueueMachine
from tests.model.queue_calls import QueueCalls
from tests.model.walk import walk


@dataclass(frozen=True)
class ModelRun:
    """What a run did: `failure` is empty when the queue did what the reference does."""

    seed: int
    steps: int
    failure: str


def run_model(database_url: str, chosen: int, *, examples: int, steps: int = 40, shrink: bool = True) -> ModelRun:
    """Run so many examples of so many steps; the same seed chooses the same steps.

    A failure is shrunk to few steps, and told with them.
    """
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    chosen_settings = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=phases,
        print_blob=False,
        report_multiple_bugs=False,
        verbosity=Verbosity.normal,
        suppress_health_check=list(HealthCheck),
    )
    with QueueCalls(database_url) as queue:

        class Machine(QueueMachine):
            """Bound to this database."""

        Machine.queue, Machine.steps = queue, 0
        told = io.StringIO()
        try:
            with contextlib.redirect_stdout(told):
                run_state_machine_as_test(seed(chosen)(Machine), settings=chosen_settings)
        except FlakyStrategyDefinition:
            # The database chose otherwise among equals (two leases that end at once) when a prefix was run again.
            return ModelRun(chosen, Machine.steps, "")
        except Exception as error:  # noqa: BLE001 - whatever the database or an assertion says is the finding
            notes = "\n".join(getattr(error, "__notes__", []))
            return ModelRun(
                chosen, Machine.steps, f"{type(error).__name__}: {error}\n{notes}\n{told.getvalue()}".strip()
            )
        return ModelRun(chosen, Machine.steps, "")


def run_walk(database_url: str) -> str:
    """The fixed walk; returns what differed, empty when nothing did."""
    with QueueCalls(database_url) as queue:
        QueueMachine.queue = queue
        try:
            walk(QueueMachine())
        except (AssertionError, psycopg.Error) as error:
            return f"{type(error).__name__}: {error}"
    return ""
