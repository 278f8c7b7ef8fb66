-- The first draft of a queue: claim, complete and fail by a job's id alone.
create table background_jobs (
  id uuid primary key default gen_random_uuid(),
  job_type text not null,
  payload jsonb not null default '{}',
  status text not null default 'pending',
  attempts integer not null default 0,
  max_attempts integer not null default 3,
  scheduled_for timestamptz not null default now(),
  started_at timestamptz,
  completed_at timestamptz,
  error_message text,
  result jsonb,
  created_at timestamptz not null default now()
);
alter table background_jobs enable row level security;

create function claim_jobs(max_jobs integer default 1) returns setof background_jobs
language sql security definer as $$
  update background_jobs set status = 'processing', attempts = attempts + 1, started_at = now()
  where id in (
    select id from background_jobs where status = 'pending' and scheduled_for <= now()
    order by created_at limit max_jobs for update skip locked
  )
  returning *
$$;

create function complete_job(job_id uuid, job_result jsonb default null) returns void
language sql security definer as $$
  update background_jobs set status = 'completed', completed_at = now(), result = job_result where id = job_id
$$;

create function fail_job(job_id uuid, error_msg text) returns void
language sql security definer as $$
  update background_jobs
  set status = case when attempts >= max_attempts then 'failed' else 'pending' end, error_message = error_msg,
    scheduled_for = now() + power(2, attempts) * interval '1 minute'
  where id = job_id
$$;

-- What an operator runs by hand when jobs hang.
create function reset_stuck_jobs() returns void
language sql security definer as $$
  update background_jobs set status = case when attempts >= max_attempts then 'failed' else 'pending' end
  where status = 'processing'
$$;
