-- pause_job_type, resume_job_type: stop and start the claiming of one type. Caller: operators.
-- Jobs of a paused type are enqueued and wait; those already claimed run to their end.
-- True when something changed. Safe to repeat: yes.
create or replace function public.pause_job_type(job_type public.job_type) returns boolean
language plpgsql volatile
set search_path = ''
as $$
#variable_conflict use_column
begin
  insert into public.paused_job_types (job_type) values (pause_job_type.job_type)
  on conflict do nothing;
  return found;
end
$$;
comment on function public.pause_job_type is 'Stop claiming jobs of this type.';
revoke all on function public.pause_job_type from public, anon, authenticated;
grant execute on function public.pause_job_type to service_role;

create or replace function public.resume_job_type(job_type public.job_type) returns boolean
language plpgsql volatile
set search_path = ''
as $$
begin
  delete from public.paused_job_types as paused where paused.job_type = resume_job_type.job_type;
  return found;
end
$$;
comment on function public.resume_job_type is 'Claim jobs of this type again.';
revoke all on function public.resume_job_type from public, anon, authenticated;
grant execute on function public.resume_job_type to service_role;
