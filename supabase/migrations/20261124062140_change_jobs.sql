-- change_jobs: what an operator does with jobs: redrive, discard, cancel, edit or delete those of job_ids, or up to max_jobs
-- of those that match a filter (see matching_jobs.sql). Caller: /api/admin/queue/jobs, the command line.
--
-- Returns {"ids", "changed", "matched", "matched_is_more", "more"}. ids are the jobs that were changed, of a redrive the new
-- ones. more: other jobs match, call again. dry_run changes nothing and counts what would be changed, up to 10,000; then
-- matched_is_more says that there are more.
-- What was changed is written down in operator_actions, in this transaction.
-- Locks: see the function of each action: rows, skip locked. So a job that a worker claims at this moment is left to it.
-- Safe to repeat: yes. Errors: 22023 an argument, or the filter takes too long; 23514 a limit.
create or replace function public.change_jobs(
  operator text,
  action text,
  job_ids uuid[] default null,
  filter jsonb default null,
  scheduled_for timestamptz default null,
  priority integer default null,
  dry_run boolean default false,
  max_jobs integer default 1000
) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  asked jsonb;
  picked uuid[];
  changed_ids uuid[];
  most integer;
  more boolean := false;
begin
  if change_jobs.action is null or change_jobs.action not in ('redrive', 'discard', 'cancel', 'edit', 'delete') then
    raise exception 'action must be redrive, discard, cancel, edit or delete' using errcode = '22023';
  elsif num_nonnulls(change_jobs.job_ids, change_jobs.filter) = 0 then
    raise exception 'job_ids or filter must be given' using errcode = '22023';
  elsif cardinality(change_jobs.job_ids) > 1000 then
    raise exception 'job_ids must have at most 1000 elements' using errcode = '22023';
  elsif change_jobs.max_jobs is null or change_jobs.max_jobs not between 1 and 1000 then
    raise exception 'max_jobs must be from 1 to 1000' using errcode = '22023';
  elsif (change_jobs.action = 'edit') <> (num_nonnulls(change_jobs.scheduled_for, change_jobs.priority) > 0) then
    raise exception 'scheduled_for and priority are for edit, which needs one of them' using errcode = '22023';
  end if;

  most := case when change_jobs.dry_run then 10000 else change_jobs.max_jobs end;
  if change_jobs.job_ids is not null then
    picked := array(
      select queue_private.changeable_jobs(
        change_jobs.action, change_jobs.job_ids, coalesce(change_jobs.filter, '{}'), change_jobs.scheduled_for,
        change_jobs.priority, most
      )
    );
  else
    picked := queue_private.matching_jobs(
      change_jobs.action, change_jobs.filter, change_jobs.scheduled_for, change_jobs.priority, most + 1
    );
    more := cardinality(picked) > most;
    picked := picked[1:most];
  end if;
  if change_jobs.dry_run then
    return jsonb_build_object(
      'ids', '[]'::jsonb, 'changed', 0, 'matched', cardinality(picked), 'matched_is_more', more, 'more', false
    );
  end if;

  changed_ids := case change_jobs.action
    when 'redrive' then queue_private.redrive_dead_jobs(picked, null, 1000)
    when 'discard' then queue_private.discard_dead_jobs(picked, null, 1000)
    when 'cancel' then queue_private.cancel_pending_jobs(picked)
    when 'edit' then queue_private.edit_pending_jobs(picked, change_jobs.scheduled_for, change_jobs.priority)
    else queue_private.delete_ended_jobs(picked)
  end;
  asked := jsonb_strip_nulls(jsonb_build_object(
    'ids', to_jsonb(changed_ids[1:100]), 'filter', change_jobs.filter,
    'scheduled_for', change_jobs.scheduled_for, 'priority', change_jobs.priority
  ));
  perform queue_private.note_operator_action(
    change_jobs.operator, change_jobs.action, asked, cardinality(changed_ids)
  );
  return jsonb_build_object(
    'ids', to_jsonb(changed_ids), 'changed', cardinality(changed_ids), 'matched', null, 'matched_is_more', false,
    'more', more
  );
end
$$;
comment on function public.change_jobs is 'Redrive, discard, cancel, edit or delete jobs, by a named operator.';
revoke all on function public.change_jobs from public, anon, authenticated;
grant execute on function public.change_jobs to service_role;
