"""Isolated jobs: those whose lease ran out once. Each runs alone, because it may kill its process.

They run last in an invocation, in time that is kept back for them. See
docs/decisions/0005-the-first-lost-lease-isolates.md.
"""

from collections.abc import Mapping, Sequence

from lib.queue.attempt import Attempts
from lib.queue.deadline import Deadline
from lib.queue.drain import fitting_types, longest_lease_s
from lib.queue.registry import JobType
from lib.queue.settle import Settler

# Kept back for isolated jobs when some are due, in every run.
LEAST_RESERVE_S = 2.0


def reserve_s(run_id: int, waiting: Sequence[JobType]) -> float:
    """Return how many seconds of a run are kept back for the isolated jobs that wait.

    Every other run keeps back the longest timeout among their types. The runs between keep back the least only: jobs
    that kill one run after the other would otherwise leave no time in which ordinary jobs fit.
    """
    if not waiting:
        return 0.0
    longest = max(job_type.policy.timeout_s for job_type in waiting)
    return max(LEAST_RESERVE_S, longest if run_id % 2 else 0.0)


async def run_isolated(types: Mapping[str, JobType], settler: Settler, attempts: Attempts, deadline: Deadline) -> None:
    """Run the isolated jobs one after another, with nothing else in flight, while there is time.

    Raises:
        DatabaseError: the database does not answer.
    """
    while fitting := fitting_types(types.values(), deadline):
        names = [job_type.name for job_type in fitting]
        job = await settler.claim_isolated_job(names, longest_lease_s(fitting))
        if job is None:
            return
        await settler.settle(await attempts.run(types[job.job_type], [job]))
