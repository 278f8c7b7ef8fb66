-- list_jobs: active and ended jobs, the newest id first, a page at a time. Caller: /api/admin/queue/jobs.
-- Status failed means what old dashboards mean by it: pending, and waiting for a retry. before_id is the last
-- id of the page before. Without tokens. Locks: none.

create or replace function public.list_jobs(
  wanted_status public.job_status default null,
  wanted_type public.job_type default null,
  page_size integer default 50,
  before_id uuid default null
) returns setof public.job_state
language plpgsql stable
set search_path = ''
as $$
declare
  page uuid[];
begin
  if page_size is null or page_size not between 1 and 1000 then
    raise exception 'page_size must be from 1 to 1000' using errcode = '22023';
  end if;
  page := array(
    select both_tables.id
    from (
      (
        select job.id
        from public.background_jobs as job
        where (before_id is null or job.id < before_id)
          and (wanted_type is null or job.job_type = wanted_type)
          and (
            wanted_status is null or job.status = wanted_status
            or (wanted_status = 'failed' and job.status = 'pending' and job.attempts > 0)
          )
        order by job.id desc
        limit page_size
      )
      union all
      (
        select ended.job_id
        from public.job_history as ended
        where (before_id is null or ended.job_id < before_id)
          and (wanted_type is null or ended.job_type = wanted_type)
          and (wanted_status is null or ended.status = wanted_status)
        order by ended.job_id desc
        limit page_size
      )
    ) as both_tables (id)
    order by both_tables.id desc
    limit page_size
  );
  return query
    select found.* from public.find_jobs(page) as found order by found.id desc;
end
$$;
comment on function public.list_jobs is 'Active and ended jobs, newest first, a page at a time.';
revoke all on function public.list_jobs from public, anon, authenticated;
grant execute on function public.list_jobs to service_role;
