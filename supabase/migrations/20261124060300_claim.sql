-- Claiming: pending -> processing under a lease. Caller: the worker.
--
-- claim_jobs leases a batch, claim_next_job one job, claim_isolated_job one job that must run alone.
-- Locks: job rows, skip locked, so claims never wait. A rater's share lock on a sync job makes claims
-- skip that job until the rater's transaction has ended. Fence: each claim issues a new claim_token.
-- Safe to repeat: yes, each call leases other jobs.

-- A paused type is enqueued but not claimed: see pause.sql, which fills this table.
create table if not exists public.paused_job_types (
  job_type public.job_type primary key,
  paused_at timestamptz not null default now()
);
comment on table public.paused_job_types is 'The job types that are not claimed for the time being.';
alter table public.paused_job_types enable row level security;
revoke all on table public.paused_job_types from public, anon, authenticated;
grant select, insert, delete on table public.paused_job_types to service_role;

-- Counts the jobs that single claims handed out: every fourth is the oldest.
create sequence if not exists public.single_claims as bigint;
revoke all on sequence public.single_claims from public, anon, authenticated;
grant usage on sequence public.single_claims to service_role;

-- claimable_job_types: the types asked for (all when null) less the paused ones.
create or replace function public.claimable_job_types(job_types public.job_type[])
returns public.job_type[]
language plpgsql stable
set search_path = ''
as $$
begin
  return array(
    select distinct wanted.job_type
    from unnest(coalesce(job_types, enum_range(null::public.job_type))) as wanted (job_type)
    where not exists (
      select from public.paused_job_types as paused where paused.job_type = wanted.job_type
    )
  );
end
$$;
revoke all on function public.claimable_job_types from public, anon, authenticated;
grant execute on function public.claimable_job_types to service_role;

-- check_claim: refuse arguments that no claim can mean (22023).
create or replace function public.check_claim(worker_id text, max_jobs integer, lease_seconds integer)
returns void
language plpgsql immutable
set search_path = ''
as $$
begin
  if worker_id is null or char_length(worker_id) not between 1 and 255 then
    raise exception 'worker_id must have 1 to 255 characters' using errcode = '22023';
  elsif max_jobs is null or max_jobs not between 0 and 1000 then
    raise exception 'max_jobs must be from 0 to 1000' using errcode = '22023';
  elsif lease_seconds is null or lease_seconds not between 1 and 3600 then
    raise exception 'lease_seconds must be from 1 to 3600' using errcode = '22023';
  end if;
end
$$;
revoke all on function public.check_claim from public, anon, authenticated;
grant execute on function public.check_claim to service_role;

-- pick_due_jobs: lock up to max_jobs due jobs, by priority or oldest first, and return their ids.
-- One ordered index scan for each type and priority, merged: a rare type, or a high priority with many
-- jobs that are not due yet, costs no walk over the others. Candidates are read without locks and
-- locked in a second step, because locking inside the scans would lock max_jobs rows in each of them.
-- Each page of candidates begins behind the last one and is twice as long: a rater who holds thousands
-- of sync jobs is walked past once.
-- The planner often works with the statistics of an empty queue, for which any plan is good: without
-- bitmap scans and needless sorts only the ordered scan is left, which is good for a full one too.
create or replace function public.pick_due_jobs(
  job_types public.job_type[], max_jobs integer, oldest_first boolean, excluded uuid[] default '{}'
) returns uuid[]
language plpgsql volatile
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
  moment timestamptz := clock_timestamp();
  picked uuid[] := '{}';
  -- Twice what is missing: a second worker, which sees the same candidates, finds its share too.
  page integer := 2 * max_jobs + 8;
  candidates uuid[];
  priorities integer[];
  times timestamptz[];
  -- Where the last page ended.
  last_priority integer := 10;
  last_time timestamptz := '-infinity';
  last_id uuid := '00000000-0000-0000-0000-000000000000';
begin
  while cardinality(picked) < max_jobs loop
    select array_agg(candidate.id), array_agg(candidate.priority), array_agg(candidate.scheduled_for)
    into candidates, priorities, times
    from (
      select due.id, due.priority, due.scheduled_for
      from unnest(job_types) as wanted (job_type)
      cross join generate_series(0, case when oldest_first then 10 else last_priority end) as level
      cross join lateral (
        select job.id, job.priority, job.scheduled_for
        from public.background_jobs as job
        where job.job_type = wanted.job_type and job.priority = level
          and job.status = 'pending' and not job.isolated
          and job.scheduled_for <= moment and job.id <> all (excluded)
          and (job.scheduled_for, job.id) > (
            case when oldest_first or level = last_priority then last_time else '-infinity' end,
            case when oldest_first or level = last_priority then last_id
              else '00000000-0000-0000-0000-000000000000' end
          )
        order by job.scheduled_for, job.id
        limit page
      ) as due
      order by case when oldest_first then 0 else due.priority end desc, due.scheduled_for, due.id
      limit page
    ) as candidate;
    -- For the planner "= any" of an empty array implies the predicate of every partial index: it would walk one.
    exit when candidates is null;
    picked := picked || array(
      select locked.id
      from (
        -- Without "not isolated", which would let the planner walk the due index instead of the key.
        select job.id, job.isolated
        from public.background_jobs as job
        where job.id = any (candidates) and job.status = 'pending' and job.scheduled_for <= moment
        order by case when oldest_first then 0 else job.priority end desc, job.scheduled_for, job.id
        limit max_jobs - cardinality(picked)
        for update skip locked
      ) as locked
      where not locked.isolated
    );
    exit when cardinality(candidates) < page;
    last_priority := priorities[page];
    last_time := times[page];
    last_id := candidates[page];
    page := 2 * page;
  end loop;
  return picked;
end
$$;
revoke all on function public.pick_due_jobs from public, anon, authenticated;
grant execute on function public.pick_due_jobs to service_role;

-- lease_jobs: give the jobs, whose rows the caller has locked, to a worker.
create or replace function public.lease_jobs(job_ids uuid[], worker_id text, lease_seconds integer)
returns setof public.background_jobs
language plpgsql volatile
set search_path = ''
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  moment timestamptz := clock_timestamp();
begin
  return query
    with leased as (
      update public.background_jobs as job
      set status = 'processing',
        attempts = job.attempts + 1,
        claim_token = gen_random_uuid(),
        worker_id = lease_jobs.worker_id,
        started_at = moment,
        lease_expires_at = moment + make_interval(secs => lease_jobs.lease_seconds),
        updated_at = moment
      where job.id = any (job_ids)
      returning job.*
    )
    select leased.* from leased
    order by leased.priority desc, leased.scheduled_for, leased.id;
end
$$;
revoke all on function public.lease_jobs from public, anon, authenticated;
grant execute on function public.lease_jobs to service_role;

create or replace function public.claim_jobs(
  worker_id text,
  max_jobs integer,
  job_types public.job_type[] default null,
  lease_seconds integer default 30
) returns setof public.background_jobs
language plpgsql volatile
set search_path = ''
as $$
declare
  types public.job_type[] := public.claimable_job_types(job_types);
  picked uuid[];
begin
  perform public.check_claim(worker_id, max_jobs, lease_seconds);
  if max_jobs = 1 then
    picked := public.pick_due_jobs(types, 1, false);
    -- The number is drawn only for a job that is handed out: empty calls must not use up the turns.
    if cardinality(picked) = 1 and nextval('public.single_claims') % 4 = 0 then
      picked := public.pick_due_jobs(types, 1, true);
    end if;
  else
    -- Nothing starves: a quarter of every batch goes to the oldest, whatever their priority.
    picked := public.pick_due_jobs(types, ceil(max_jobs / 4.0)::integer, true);
    picked := picked
      || public.pick_due_jobs(types, max_jobs - cardinality(picked), false, picked);
  end if;
  if cardinality(picked) > 0 then
    return query select * from public.lease_jobs(picked, worker_id, lease_seconds);
  end if;
end
$$;
comment on function public.claim_jobs is 'Lease up to max_jobs due jobs.';
revoke all on function public.claim_jobs from public, anon, authenticated;
grant execute on function public.claim_jobs to service_role;

create or replace function public.claim_next_job(
  worker_id text, job_types public.job_type[] default null
) returns setof public.background_jobs
language plpgsql volatile
set search_path = ''
as $$
begin
  return query select * from public.claim_jobs(worker_id, 1, job_types);
end
$$;
comment on function public.claim_next_job is 'Lease one due job.';
revoke all on function public.claim_next_job from public, anon, authenticated;
grant execute on function public.claim_next_job to service_role;

create or replace function public.claim_isolated_job(
  worker_id text,
  job_types public.job_type[] default null,
  lease_seconds integer default 30
) returns setof public.background_jobs
language plpgsql volatile
set search_path = ''
set enable_seqscan = off
as $$
declare
  types public.job_type[] := public.claimable_job_types(job_types);
  picked uuid[];
begin
  perform public.check_claim(worker_id, 1, lease_seconds);
  picked := array(
    select job.id
    from public.background_jobs as job
    where job.status = 'pending' and job.isolated and job.scheduled_for <= clock_timestamp()
      and job.job_type = any (types)
    order by job.scheduled_for, job.id
    limit 1
    for update skip locked
  );
  if cardinality(picked) > 0 then
    return query select * from public.lease_jobs(picked, worker_id, lease_seconds);
  end if;
end
$$;
comment on function public.claim_isolated_job is 'Lease one due job that must run alone.';
revoke all on function public.claim_isolated_job from public, anon, authenticated;
grant execute on function public.claim_isolated_job to service_role;
