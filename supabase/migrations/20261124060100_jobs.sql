-- The queue's two tables: background_jobs holds the active jobs, job_history the ended ones.
--
-- A job is in exactly one of them. Every transition is a function of its own file; the check
-- constraints below refuse any row that no transition can produce. See docs/states.md.

do $$
begin
  if to_regtype('public.job_status') is null then
    create type public.job_status as enum (
      'pending', 'processing', 'completed', 'failed', 'dead', 'discarded', 'cancelled'
    );
  end if;
  if to_regtype('public.job_type') is null then
    create type public.job_type as enum (
      'process_image', 'send_notification', 'sync_like_count', 'generate_thumbnail',
      'cleanup_expired', 'recompute_rankings', 'audit_like_counts'
    );
  end if;
end
$$;

-- new_job_id: a version 7 UUID (RFC 9562, section 5.7): milliseconds, then a 12-bit fraction of one
-- (section 6.2, method 3), then random bits. Jobs made one after another lie side by side in the
-- indexes, and jobs due at the same time run in the order in which they came.
create or replace function queue_private.new_job_id() returns uuid
language plpgsql volatile parallel safe
set search_path = ''
as $$
declare
  now_us bigint := extract(epoch from clock_timestamp()) * 1000000;
begin
  return (
    lpad(to_hex(((now_us / 1000) << 16) | x'7000'::bigint | ((now_us % 1000) * 4096 / 1000)), 16, '0')
    || right(gen_random_uuid()::text, 17)
  )::uuid;
end
$$;
comment on function queue_private.new_job_id() is 'A UUID of version 7: in time order.';
revoke all on function queue_private.new_job_id() from public, anon, authenticated;
grant execute on function queue_private.new_job_id() to service_role;

-- What a payload may be. A domain, because its checks run when a payload is written; those of a table run at every
-- change of a row, so at every claim.
do $$
begin
  if to_regtype('queue_private.job_payload') is null then
    create domain queue_private.job_payload as jsonb
      constraint background_jobs_payload_is_an_object check (jsonb_typeof(value) = 'object')
      constraint background_jobs_payload_at_most_64_kib check (octet_length(value::text) <= 65536)
      -- What Postgres takes may be too deep for those who read it: Python gives up at about 1,000 levels.
      constraint background_jobs_payload_at_most_64_deep check (not jsonb_path_exists(value, '$.**{64 to last}'))
      -- Postgres takes 1e5000 and writes 5,001 digits. Python reads up to 4,300, JavaScript up to 1e308. A number that is
      -- too large has 309 digits in the text, which is quicker to see than to walk through the value. (Postgres repeats at
      -- most 255 times.)
      constraint background_jobs_payload_numbers_below_1e308 check (
        value::text !~ '([0-9]{103}){3}' or not jsonb_path_exists(value, '$.** ? (@ > 1e308 || @ < -1e308)')
      );
  end if;
end
$$;
comment on domain queue_private.job_payload is 'A JSON object of at most 64 KiB and 64 levels, with numbers that JSON readers take.';

-- Whose work a job is: the trace context of whoever enqueued it (W3C Trace Context, version 00). A domain, as above.
do $$
begin
  if to_regtype('queue_private.trace_context') is null then
    create domain queue_private.trace_context as text
      constraint background_jobs_traceparent_is_w3c check (value ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$');
  end if;
end
$$;
comment on domain queue_private.trace_context is 'A traceparent: version, trace id, parent id and flags.';

create table if not exists public.background_jobs (
  id uuid primary key default queue_private.new_job_id(),
  job_type public.job_type not null,
  payload queue_private.job_payload not null default '{}',
  status public.job_status not null default 'pending',
  priority integer not null default 0,
  attempts integer not null default 0,
  max_attempts integer not null default 3,
  scheduled_for timestamptz not null default clock_timestamp(),
  started_at timestamptz,
  completed_at timestamptz,
  failed_at timestamptz,
  error_message text,
  result jsonb,
  idempotency_key text,
  claim_token uuid,
  settled_token uuid,
  worker_id text,
  lease_expires_at timestamptz,
  isolated boolean not null default false,
  deferrals integer not null default 0,
  attempt_log jsonb,
  redrive_of uuid,
  owner text,
  traceparent queue_private.trace_context,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default clock_timestamp(),
  constraint background_jobs_sync_names_a_post check (
    job_type <> 'sync_like_count'
    or coalesce(pg_input_is_valid(payload ->> 'post_id', 'uuid'), false)
  ),
  constraint background_jobs_priority_0_to_10 check (priority between 0 and 10),
  constraint background_jobs_max_attempts_1_to_25 check (max_attempts between 1 and 25),
  constraint background_jobs_attempts_within_max check (attempts between 0 and max_attempts),
  -- Which leaves out infinity too: other programs' calendars end at the year 9999.
  constraint background_jobs_scheduled_for_in_years_1_to_9999 check (
    scheduled_for >= '0001-01-02 00:00:00Z' and scheduled_for < '9999-12-31 00:00:00Z'
  ),
  constraint background_jobs_error_at_most_2000 check (char_length(error_message) <= 2000),
  constraint background_jobs_key_1_to_255 check (char_length(idempotency_key) between 1 and 255),
  constraint background_jobs_is_active check (
    status in ('pending', 'processing') and completed_at is null and result is null
  ),
  constraint background_jobs_processing_has_a_lease check (
    case status
      when 'processing' then
        claim_token is not null and worker_id is not null
        and lease_expires_at is not null and started_at is not null and attempts > 0
      else claim_token is null and lease_expires_at is null
    end
  )
);
comment on table public.background_jobs is 'Active jobs: pending (due, scheduled or waiting for a retry) and processing.';
comment on column public.background_jobs.attempts is 'Counted at the claim; given back by release, snooze and the isolating rescue.';
comment on column public.background_jobs.claim_token is 'The fence: new at every claim, and needed to settle.';
comment on column public.background_jobs.settled_token is 'The token of the last settle, so that a repeated one is answered already.';
comment on column public.background_jobs.deferrals is 'How often it was snoozed, or failed without being counted.';
comment on column public.background_jobs.attempt_log is 'The last 20 attempts that did not complete; null before the first.';
comment on column public.background_jobs.owner is 'The user whose limit of unfinished image jobs it counts towards.';
comment on column public.background_jobs.traceparent is 'The trace of whoever enqueued it; null without one, and for jobs that triggers make.';
comment on column public.background_jobs.isolated is 'Its lease ran out once: from then on it runs alone.';

-- The payload's domain costs a settle nothing, because background_jobs has it from there. A result has none: looking at it
-- again would cost each settle. settle_jobs makes it readable, and what others insert is made so when it is read
-- (readable_json.sql).
create table if not exists public.job_history (
  id bigint generated always as identity,
  job_id uuid primary key,
  job_type public.job_type not null,
  payload queue_private.job_payload not null,
  status public.job_status not null,
  priority integer not null,
  attempts integer not null,
  max_attempts integer not null,
  error_message text,
  result jsonb,
  duration_ms bigint,
  waited_ms bigint,
  idempotency_key text,
  claim_token uuid,
  worker_id text,
  created_at timestamptz not null,
  completed_at timestamptz not null,
  redrive_of uuid,
  redriven_as uuid,
  attempt_log jsonb,
  constraint job_history_is_ended check (status in ('completed', 'dead', 'discarded', 'cancelled')),
  constraint job_history_dead_says_why check (status <> 'dead' or error_message is not null),
  constraint job_history_error_at_most_2000 check (char_length(error_message) <= 2000),
  constraint job_history_only_dead_are_redriven check (redriven_as is null or status = 'dead')
);
comment on table public.job_history is 'Ended jobs: completed, dead, discarded or cancelled.';
comment on column public.job_history.claim_token is 'The token that ended the job; null when a rescue or a cancel did.';
comment on column public.job_history.waited_ms is 'How long it was due before its last attempt began; null if not one ended it.';
comment on column public.job_history.attempt_log is 'The last 20 attempts that did not complete; null if the first one did.';
comment on column public.job_history.redriven_as is 'The job that a redrive made of this dead one.';

-- Serves due_streams and pick_due_jobs: one ordered scan for each job type and priority.
create index if not exists background_jobs_due_idx on public.background_jobs
  (job_type, priority, scheduled_for, id) where status = 'pending' and not isolated;
-- Serves due_streams: pending jobs that were due before they were written last (see low_water.sql). Few rows.
create index if not exists background_jobs_late_idx on public.background_jobs
  (job_type, (updated_at - scheduled_for))
  where status = 'pending' and not isolated and updated_at - scheduled_for > interval '50 milliseconds';
-- Serves claim_isolated_job.
create index if not exists background_jobs_isolated_idx on public.background_jobs
  (job_type, scheduled_for) where status = 'pending' and isolated;
-- Serves rescue_expired_jobs and queue_health.
create index if not exists background_jobs_lease_idx on public.background_jobs
  (lease_expires_at) where status = 'processing';
-- One active job per key: enqueue_job.
create unique index if not exists background_jobs_key_idx on public.background_jobs
  (idempotency_key) where idempotency_key is not null;
-- Serves the raters, who look for a sync job to join: the one whose window is open, however many others wait. And
-- like_states, which asks whether a sync of a post is active, pending or not.
create index if not exists background_jobs_sync_idx on public.background_jobs
  ((payload ->> 'post_id'), scheduled_for) where job_type = 'sync_like_count';

-- Serves enqueue_job: has a job with this key completed lately?
create index if not exists job_history_key_idx on public.job_history
  (idempotency_key, completed_at) where idempotency_key is not null and status = 'completed';
-- Serves retention. Rows are added in the order of their ends, so a summary of each range of pages is as good as an
-- entry for each row, which would cost a drain 1.2 us a job.
create index if not exists job_history_ended_idx on public.job_history
  using brin (completed_at) with (pages_per_range = 32, autosummarize = on);
-- Serves limit_image_jobs. Few rows: image jobs of users.
create index if not exists background_jobs_owner_idx on public.background_jobs (owner) where owner is not null;
-- Serves redrive_jobs, and queue_health: dead jobs, and those of them that nobody has dealt with. Few rows.
create index if not exists job_history_dead_idx on public.job_history (completed_at) include (redriven_as)
  where status = 'dead';
-- Serves newest_jobs: a type or status that is rare among a million rows. It costs a drain 1.3 us and 104 bytes of WAL a job.
create index if not exists job_history_listing_idx on public.job_history (job_type, status, job_id);
-- Serves search_jobs: the jobs of a key that did not complete. Few rows.
create index if not exists job_history_freed_key_idx on public.job_history (idempotency_key)
  where idempotency_key is not null and status <> 'completed';
-- Serves last_like_audit. Few rows: an audit an hour.
create index if not exists job_history_audit_idx on public.job_history (job_id)
  where job_type = 'audit_like_counts' and status = 'completed';
-- Serves newest_jobs for status failed. A job enters it when it fails, and not on its way to completion.
create index if not exists background_jobs_retry_idx on public.background_jobs (job_type, id)
  where status = 'pending' and attempts > 0;
-- Serves jobs_given_back. Few rows: most jobs never come back ten times.
create index if not exists background_jobs_deferrals_idx on public.background_jobs (deferrals) where deferrals >= 10;

-- A queue's table is small and changes completely within minutes: vacuum by count, not by share.
alter table public.background_jobs set (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
  autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 5000,
  autovacuum_vacuum_cost_delay = 0
);

alter table public.background_jobs enable row level security;
alter table public.job_history enable row level security;
revoke all on table public.background_jobs, public.job_history from public, anon, authenticated;
grant select, insert, update, delete on table public.background_jobs, public.job_history to service_role;
revoke all on sequence public.job_history_id_seq from public, anon, authenticated;
