-- search_jobs: list_jobs with more filters. Caller: /api/admin/queue/jobs, the command line. All filters given must hold:
--   wanted_ids             these jobs
--   wanted_key             this idempotency key
--   error_contains         the error message has this text, whatever its case
--   payload_contains       payload @> this object
--   created_from, created_until   made from then on, and before then, as the id tells, which has the time of its making
--   ended_from, ended_until       ended from then on, and before then; active jobs have not ended
-- Ids and keys have indexes, and a time of making is a range of ids. Texts, payloads and ends have not: the jobs of the status
-- and type are looked at, the newest first, at most 3,000 a call, without the completed ones when an error is sought: they
-- have no error. Answers with one page: jobs, and next_before_id. That is null when there is no more, else where to go on:
-- also after a page that is not full, or empty, when 3,000 jobs were looked at.
-- Without tokens. Locks: none. Errors: 22023 an argument.
do $$
begin
  if to_regtype('public.job_page') is null then
    create type public.job_page as (jobs public.job_state[], next_before_id uuid);
  end if;
end
$$;
comment on type public.job_page is 'Some jobs, and where the next page begins; null when there is not one.';
revoke all on type public.job_page from public, anon, authenticated;
grant usage on type public.job_page to service_role;

create or replace function public.search_jobs(
  wanted_status public.job_status default null,
  wanted_type public.job_type default null,
  page_size integer default 50,
  before_id uuid default null,
  wanted_ids uuid[] default null,
  wanted_key text default null,
  error_contains text default null,
  payload_contains jsonb default null,
  created_from timestamptz default null,
  created_until timestamptz default null,
  ended_from timestamptz default null,
  ended_until timestamptz default null
) returns public.job_page
language plpgsql stable
set search_path = ''
as $$
declare
  most constant integer := 3000;
  is_walk constant boolean := wanted_ids is null and wanted_key is null;
  -- Every job that this call walks past is looked at, so without such a filter a page is all that is looked at.
  is_filtered constant boolean := num_nonnulls(error_contains, payload_contains, ended_from, ended_until) > 0;
  before uuid := before_id;
  since uuid;
  chunk integer;
  candidates uuid[];
  matching public.job_state[];
  examined integer := 0;
  page public.job_page;
begin
  if page_size is null or page_size not between 1 and 1000 then
    raise exception 'page_size must be from 1 to 1000' using errcode = '22023';
  elsif cardinality(wanted_ids) > 1000 then
    raise exception 'wanted_ids must have at most 1000 elements' using errcode = '22023';
  elsif jsonb_typeof(payload_contains) <> 'object' then
    raise exception 'payload_contains must be an object' using errcode = '22023';
  end if;
  page.jobs := '{}';
  since := queue_private.first_job_id(created_from);
  -- A job is made before it ends.
  before := least(
    before, queue_private.first_job_id(created_until), queue_private.first_job_id(ended_until)
  );
  loop
    chunk := case when is_filtered then 1000 else page_size + 1 end;
    if is_walk then
      candidates := array(
        select queue_private.newest_jobs(
          wanted_status, wanted_type, chunk, before, since, skip_completed => error_contains is not null
        )
      );
    else
      candidates := queue_private.job_ids_named(wanted_ids, wanted_key);
    end if;
    matching := array(
      select row(job.*)::public.job_state
      from public.find_jobs(candidates) as job
      where (wanted_ids is null or job.id = any (wanted_ids))
        and (wanted_key is null or job.idempotency_key = wanted_key)
        and (wanted_status is null or job.status = wanted_status
          or (wanted_status = 'failed' and job.status = 'pending' and job.attempts > 0))
        and (wanted_type is null or job.job_type = wanted_type)
        and (error_contains is null or strpos(lower(job.error_message), lower(error_contains)) > 0)
        and (payload_contains is null or job.payload @> payload_contains)
        and (since is null or job.id >= since)
        and (before is null or job.id < before)
        and (ended_from is null or job.completed_at >= ended_from)
        and (ended_until is null or job.completed_at < ended_until)
      order by job.id desc
      limit page_size - cardinality(page.jobs) + 1
    );
    page.jobs := page.jobs || matching;
    examined := examined + cardinality(candidates);
    if cardinality(page.jobs) > page_size then
      page.jobs := page.jobs[1:page_size];
      page.next_before_id := page.jobs[page_size].id;
      return page;
    end if;
    -- The candidates come with the newest first.
    before := candidates[cardinality(candidates)];
    if not is_walk or cardinality(candidates) < chunk then
      return page;
    elsif examined >= most then
      page.next_before_id := before;
      return page;
    end if;
  end loop;
end
$$;
comment on function public.search_jobs is 'Active and ended jobs that match filters, newest first, a page at a time.';
revoke all on function public.search_jobs from public, anon, authenticated;
grant execute on function public.search_jobs to service_role;

-- job_ids_named: the ids asked for, or those of the jobs that have or had a key.
create or replace function queue_private.job_ids_named(wanted_ids uuid[], wanted_key text) returns uuid[]
language plpgsql stable
set search_path = ''
set enable_seqscan = off
as $$
begin
  if wanted_key is null then
    return wanted_ids;
  end if;
  return array(
    select job.id from public.background_jobs as job where job.idempotency_key = wanted_key
    union all
    (
      select ended.job_id from public.job_history as ended
      where ended.idempotency_key = wanted_key and ended.status = 'completed'
      order by ended.completed_at desc
      limit 1000
    )
    union all
    (
      select ended.job_id from public.job_history as ended
      where ended.idempotency_key = wanted_key and ended.status <> 'completed'
      limit 1000
    )
  );
end
$$;
comment on function queue_private.job_ids_named is 'The ids asked for, or those of a key.';
revoke all on function queue_private.job_ids_named from public, anon, authenticated;
grant execute on function queue_private.job_ids_named to service_role;
