-- list_jobs: active and ended jobs, the newest id first, a page at a time. Caller: /api/admin/queue/jobs, cleanup_expired.
-- Status failed means what old dashboards mean by it: pending, and waiting for a retry. before_id is the last
-- id of the page before. Without tokens. Locks: none. Errors: 22023 an argument.
-- More filters: search_jobs.
create or replace function public.list_jobs(
  wanted_status public.job_status default null,
  wanted_type public.job_type default null,
  page_size integer default 50,
  before_id uuid default null
) returns setof public.job_state
language plpgsql stable
set search_path = ''
as $$
begin
  if page_size is null or page_size not between 1 and 1000 then
    raise exception 'page_size must be from 1 to 1000' using errcode = '22023';
  end if;
  return query
    select found.*
    from public.find_jobs(
      array(select queue_private.newest_jobs(wanted_status, wanted_type, page_size, before_id))
    ) as found
    order by found.id desc;
end
$$;
comment on function public.list_jobs is 'Active and ended jobs, newest first, a page at a time.';
revoke all on function public.list_jobs from public, anon, authenticated;
grant execute on function public.list_jobs to service_role;
