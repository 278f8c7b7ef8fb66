"""Breaking a database function on purpose, in a test's own database, to see that a checker notices."""

from dataclasses import dataclass, field

import psycopg

from tests.sql.mutations import definition_of


@dataclass(frozen=True)
class Mutant:
    """Edits of one function: texts that occur once in it, and what takes their place."""

    name: str
    function: str
    edits: dict[str, str] = field(hash=False)

    def apply(self, database_url: str) -> None:
        """Replace the function. Fails when the text is not there any more, so that no mutant dies unseen."""
        with psycopg.connect(database_url, autocommit=True) as connection:
            definition = definition_of(connection, self.function)
            for old, new in self.edits.items():
                assert definition.count(old) == 1, f"{self.function} has not one: {old}"
                definition = definition.replace(old, new)
            connection.execute(definition.encode())


FENCE_REMOVED = Mutant(
    "settles without the token",
    "settle_jobs",
    {
        "job.claim_token = asked.claim_token\n": "job.status = 'processing'\n",
    },
)
RESCUE_WITHOUT_ISOLATION = Mutant(
    "rescues without isolating", "rescue_expired_jobs", {"isolated = true": "isolated = job.isolated"}
)
SHARE_LOCK_REMOVED = Mutant(
    "joins a sync job without the share lock", "ask_for_like_sync", {"for share skip locked": ""}
)

# Each breaks one sentence of the contract.
MUTANTS = (
    FENCE_REMOVED,
    RESCUE_WITHOUT_ISOLATION,
    Mutant(
        "rescue never ends a job",
        "rescue_expired_jobs",
        {"job.isolated and job.attempts >= job.max_attempts as is_dead": "false as is_dead"},
    ),
    Mutant(
        "rescue keeps the token remembered",
        "rescue_expired_jobs",
        {"claim_token = null,": "claim_token = null, settled_token = d.claim_token,"},
    ),
    Mutant("rescue counts the first lost lease", "rescue_expired_jobs", {"(not d.isolated)::integer": "0"}),
    Mutant("rescue takes leases that still run", "rescue_expired_jobs", {"job.lease_expires_at < moment": "true"}),
    Mutant(
        "settles one job in two places",
        "settle_jobs",
        {"where d.ended_as is not null)": "where d.ended_as is not null and d.ended_as <> 'discarded')"},
    ),
    Mutant("forgets whom it has settled", "settle_jobs", {"settled_token = d.claim_token,": ""}),
    Mutant(
        "a snooze counts", "settle_jobs", {"asked.outcome in ('snoozed', 'released')": "asked.outcome = 'released'"}
    ),
    Mutant(
        "the last attempt is not the last",
        "settle_jobs",
        {"job.attempts >= job.max_attempts": "job.attempts > job.max_attempts"},
    ),
    Mutant("retryable false is ignored", "settle_jobs", {"not asked.retryable or": ""}),
    Mutant(
        "a settle in the same call counts twice",
        "settle_jobs",
        {"when asked.occurrence = 1 and d.id is not null": "when d.id is not null"},
    ),
    Mutant(
        "claims what is not due",
        "pick_due_jobs",
        {
            "and job.scheduled_for <= moment and job.id <> all (excluded)": "and job.id <> all (excluded)",
            "and job.status = 'pending' and job.scheduled_for <= moment\n": "and job.status = 'pending'\n",
        },
    ),
    Mutant(
        "claims isolated jobs in a batch",
        "pick_due_jobs",
        {"and not job.isolated": "", "where not locked.isolated": ""},
    ),
    Mutant("nothing is kept for the oldest", "claim_jobs", {"ceil(max_jobs / 4.0)::integer": "0"}),
    Mutant("claims paused types", "claimable_job_types", {"paused.job_type = wanted.job_type": "false"}),
    Mutant(
        "gives the same token again",
        "lease_jobs",
        {"gen_random_uuid()": "coalesce(job.settled_token, gen_random_uuid())"},
    ),
    Mutant("does not count the attempt", "lease_jobs", {"job.attempts + 1": "greatest(1, job.attempts)"}),
    Mutant(
        "claims a job that must run alone too early",
        "claim_isolated_job",
        {"job.scheduled_for <= clock_timestamp()": "true"},
    ),
    Mutant("cancels what is being worked on", "cancel_jobs", {"job.status = 'pending'": "true"}),
    Mutant("cancels a sync", "cancel_jobs", {"job.job_type <> 'sync_like_count'": "true"}),
    Mutant("redrives a job twice", "redrive_jobs", {"ended.redriven_as is null": "true"}),
    Mutant("a completed job frees its key", "enqueue_job", {"ended.status = 'completed'": "false"}),
    Mutant(
        "a dead job holds its key",
        "enqueue_job",
        {"ended.status = 'completed'": "ended.status in ('completed', 'dead')"},
    ),
    Mutant(
        "a key answers for any payload", "enqueue_job", {"or holder.payload <> coalesce(enqueue_job.payload, '{}')": ""}
    ),
)
