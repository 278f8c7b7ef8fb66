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
    # Where one function alone guards what another one guards too.
    also: "Mutant | None" = None

    def apply(self, database_url: str) -> None:
        """Replace the function. Fails when the text is not there any more, so that no mutant dies unseen."""
        with psycopg.connect(database_url, autocommit=True) as connection:
            definition = definition_of(connection, self.function)
            for old, new in self.edits.items():
                assert definition.count(old) == 1, f"{self.function} has not one: {old}"
                definition = definition.replace(old, new)
            connection.execute(definition.encode())
        if self.also is not None:
            self.also.apply(database_url)


FENCE_REMOVED = Mutant(
    "settles without the token",
    "settle_jobs",
    {
        "job.claim_token = asked.claim_token\n      and asked.is_first\n": "job.status = 'processing'\n",
        "job.claim_token = asked.claim_token\n      and asked.is_first and": "job.status = 'processing'\n      and",
    },
)
RESCUE_WITHOUT_ISOLATION = Mutant(
    "rescues without isolating",
    "rescue_expired_jobs",
    {"isolated = d.isolated or not d.is_innocent": "isolated = job.isolated"},
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
        {"judged.isolated and judged.attempts >= judged.max_attempts as is_dead": "false as is_dead"},
    ),
    Mutant(
        "rescue keeps the token remembered",
        "rescue_expired_jobs",
        {"claim_token = null,": "claim_token = null, settled_token = d.claim_token,"},
    ),
    Mutant(
        "rescue counts the first lost lease",
        "rescue_expired_jobs",
        {"(d.is_innocent or not d.isolated)::integer": "d.is_innocent::integer"},
    ),
    Mutant(
        "rescue takes leases that still run",
        "rescue_expired_jobs",
        {"job.status = 'processing' and job.lease_expires_at < moment": "job.status = 'processing'"},
    ),
    Mutant(
        "settles one job in two places",
        "settle_jobs",
        {
            "delete from public.background_jobs as job\n    using asked": (
                "update public.background_jobs as job set updated_at = moment from asked"
            )
        },
    ),
    Mutant("forgets whom it has settled", "settle_jobs", {"settled_token = job.claim_token,": ""}),
    Mutant(
        "a snooze counts",
        "settle_jobs",
        {"(not asked.fails)::integer": "(asked.outcome not in ('failed', 'snoozed'))::integer"},
    ),
    Mutant(
        "does not count what it gives back",
        "settle_jobs",
        {"(asked.outcome = 'snoozed' or asked.not_counted)::integer": "0"},
    ),
    Mutant(
        "the last attempt is not the last",
        "settle_jobs",
        {
            "job.attempts >= job.max_attempts))\n    returning\n": "job.attempts > job.max_attempts))\n    returning\n",
            "job.attempts >= job.max_attempts))\n    returning asked": (
                "job.attempts > job.max_attempts))\n    returning asked"
            ),
        },
    ),
    Mutant(
        "retryable false is ignored",
        "settle_jobs",
        {"coalesce(o -> 'retryable' <> 'false', true) as retryable": "true as retryable"},
    ),
    Mutant("a repeated settle is answered settled", "settle_jobs", {"then 'already'": "then 'settled'"}),
    Mutant(
        "claims what is not due",
        "pick_batch",
        {"moment timestamptz := clock_timestamp()": "moment timestamptz := clock_timestamp() + interval '1 year'"},
    ),
    Mutant(
        "claims isolated jobs in a batch",
        "due_streams",
        {"and not job.isolated\n        and job.scheduled_for <= moment": "and job.scheduled_for <= moment"},
        also=Mutant(
            "claims isolated jobs of one stream",
            "pick_due_jobs",
            {
                "and job.status = 'pending' and not job.isolated\n        and job.scheduled_for >= begin_at[1]": (
                    "and job.status = 'pending' and job.scheduled_for >= begin_at[1]"
                )
            },
        ),
    ),
    Mutant("nothing is kept for the oldest", "pick_from_streams", {"ceil(max_jobs / 4.0)::integer": "0"}),
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
    Mutant("cancels what is being worked on", "cancel_pending_jobs", {"job.status = 'pending'": "true"}),
    Mutant("cancels a sync", "cancel_pending_jobs", {"job.job_type <> 'sync_like_count'": "true"}),
    Mutant(
        "redrives a job twice",
        "lock_dead_jobs",
        {
            "and ended.status = 'dead' and ended.redriven_as is null": "and ended.status = 'dead'",
            "where ended.status = 'dead' and ended.redriven_as is null": "where ended.status = 'dead'",
        },
    ),
    Mutant("a completed job frees its key", "completed_holder", {"ended.status = 'completed'": "false"}),
    Mutant("a completed job frees its key in an array", "enqueue_set", {"ended.status = 'completed'": "false"}),
    Mutant(
        "a dead job holds its key",
        "completed_holder",
        {"ended.status = 'completed'": "ended.status in ('completed', 'dead')"},
    ),
    Mutant(
        "a key answers for any payload in an array",
        "enqueue_set",
        {"and holder.payload = coalesce(nullif(asked.job -> 'payload', 'null'), '{}')": ""},
    ),
    Mutant("a key answers for any payload", "enqueue_job", {"or holder.payload <> wanted": ""}),
)
