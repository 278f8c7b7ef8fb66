"""The faults of the old app, the worst first."""

from typing import get_args

from dev.diagnose import access, frontend, jobs, likes
from dev.diagnose.fault import Fault, Severity

_FAULTS = [
    Fault(
        "duplicate_ratings",
        "critical",
        "A double click makes two ratings",
        "Both requests look before either has written. The count is one too high, and taking the like back leaves one"
        " of the two behind.",
        "`unique (post_id, session_id)`, and one call that toggles: `toggle_like`. The migrations move second ratings"
        " to `queue_private.repaired_rows` first.",
        likes.double_clicks,
    ),
    Fault(
        "lost_updates",
        "critical",
        "Likes at the same time are lost",
        "Each browser reads the count, adds one and writes it: of those that read the same number, one survives.",
        "Nobody writes `likes`. A trigger asks for a sync of the post, and the sync counts the ratings.",
        likes.lost_updates,
    ),
    Fault(
        "tutorial_policies",
        "critical",
        "The policies let anybody change and delete every post",
        'A policy "for all users using (true)" switches row level security on and then lets everybody pass.',
        "The migrations take `likes` from clients on every app, and set policies for owners where there was no row"
        " level security. The doctor names each policy that stays open: `policy_open`.",
        access.tutorial_policies,
    ),
    Fault(
        "trigger_without_rights",
        "critical",
        "With the trigger that enqueues jobs, nobody can like",
        "A trigger function runs with the rights of whoever rates. Clients have none on the queue's table, and must not"
        " have any, so each like fails.",
        "The trigger's function is `security definer` with an empty `search_path`, and does nothing but ask for a"
        " sync.",
        access.trigger_without_rights,
    ),
    Fault(
        "open_functions",
        "critical",
        "Anybody may claim and complete jobs",
        "Postgres lets everybody execute a new function, and Supabase exposes each one of `public`. `security definer`"
        " then takes row level security out of the way.",
        "Each migration revokes from `public, anon, authenticated`, and grants to `service_role` alone.",
        access.open_functions,
    ),
    Fault(
        "missing_secret",
        "critical",
        "Without its secret the worker's route lets everybody in",
        "A variable that was forgotten in one environment is no error: it is an open door.",
        "A secret that is unset or shorter than 16 characters refuses everyone with 503 and says so in the log. Secrets"
        " are compared as bytes, in constant time.",
        access.missing_secret,
    ),
    Fault(
        "stale_writes",
        "high",
        "A page that was open for long writes an old count",
        "The browser writes what it showed plus one, over all the likes that came meanwhile.",
        "As for likes at the same time: the count is counted, not written.",
        likes.stale_writes,
    ),
    Fault(
        "orphans",
        "high",
        "Ratings and comments outlive their post",
        "Nothing ties them to it. Totals are wrong, and the rows stay for ever.",
        "Foreign keys with `on delete cascade`. The migrations keep what they remove in `queue_private.repaired_rows`.",
        likes.orphans,
    ),
    Fault(
        "other_keys",
        "high",
        "The trigger and the handler name the payload's keys differently",
        "Both work alone, and no job ever does. It shows only when the first one runs.",
        "snake_case in the database everywhere, a payload model for each type, and a constraint that refuses a sync job"
        " without a `post_id`.",
        jobs.other_keys,
    ),
    Fault(
        "unfenced_settling",
        "high",
        "A late worker undoes what another one did",
        "Whoever knows a job's id may settle it. A worker that lost its job, and does not know it, fails a job that is"
        " done.",
        "Each claim has a token, and settling needs it: a late worker is answered `stale` and changes nothing.",
        jobs.unfenced_settling,
    ),
    Fault(
        "stuck_jobs",
        "high",
        "A job whose worker died is stuck for ever",
        "Functions are killed at their time limit. What they had claimed stays `processing`.",
        "A claim is a lease of 30 seconds. Each run takes back what has expired, and health names it.",
        jobs.stuck_jobs,
    ),
    Fault(
        "poison_job",
        "high",
        "One job that kills its worker takes its batch along",
        "All that was claimed with it loses an attempt each time, until all of it has failed.",
        "A job whose lease ran out runs alone from then on, and the first lost lease costs no attempt: nine complete,"
        " one is dead.",
        jobs.poison_jobs,
    ),
    Fault(
        "loop_that_stops",
        "high",
        "The worker's loop ends at the first failure",
        "One bad job at the head of the queue, and no other one is done by this run; the next run stops at the next"
        " bad one.",
        "One job's failure is that job's alone: it is settled with its error, and the run goes on.",
        jobs.loop_that_stops,
    ),
    Fault(
        "public_session_ids",
        "medium",
        "Session ids can be read, and used by whoever read them",
        "A session id is all that it takes to like in someone's name, or to take that one's like back.",
        "`/api/ratings` needs no access of browsers to `post_ratings`. New tables grant none; an adopted table is"
        " closed by `supabase/optional/close_direct_ratings.sql`.",
        access.public_session_ids,
    ),
    Fault(
        "unbounded_backoff",
        "medium",
        "The wait before a retry grows without bounds",
        "The 20th retry comes years later. Later still, the wait is no date any more, and the job can be neither"
        " failed nor finished.",
        "`min(3600, 10 * 2^(attempts-1))` seconds, times a random factor from 0.5 to 1. It does not overflow.",
        jobs.unbounded_backoff,
    ),
    Fault(
        "cut_statistics",
        "medium",
        "Statistics stop at 1,000",
        "PostgREST cuts a listing at `max_rows`. A dashboard that counts rows shows 1,000 however long the queue is,"
        " and the backlog looks stable while it grows.",
        "`queue_stats()` counts in the database.",
        jobs.cut_statistics,
    ),
]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
FAULTS = sorted([*_FAULTS, *frontend.FAULTS], key=lambda fault: SEVERITIES.index(fault.severity))
