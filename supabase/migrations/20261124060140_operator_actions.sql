-- operator_actions: who changed what in the queue, when, and how much. Written by each operator's function in the
-- transaction of the change, so there is no change without its row and no row without its change.
--
-- Append only. Nobody has the privilege to change or remove a row, service_role included, and a trigger refuses it to the
-- owner of the table too. One thing may go: a row of more than 400 days, by delete_old_operator_actions.
-- Whoever owns the table can drop it or its triggers: this keeps a record of operators, not of database administrators.
create table if not exists public.operator_actions (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  operator text not null,
  action text not null,
  details jsonb not null default '{}',
  changed integer not null,
  constraint operator_actions_operator_1_to_200 check (char_length(operator) between 1 and 200),
  constraint operator_actions_action_1_to_100 check (char_length(action) between 1 and 100),
  constraint operator_actions_details_is_an_object check (jsonb_typeof(details) = 'object'),
  constraint operator_actions_changed_something check (changed > 0),
  -- As in queue_private.job_payload: Python must be able to read it.
  constraint operator_actions_details_at_most_64_deep check (not jsonb_path_exists(details, '$.**{64 to last}')),
  constraint operator_actions_details_numbers_below_1e308 check (
    details::text !~ '([0-9]{103}){3}' or not jsonb_path_exists(details, '$.** ? (@ > 1e308 || @ < -1e308)')
  )
);
comment on table public.operator_actions is 'What operators changed. Append only.';
comment on column public.operator_actions.operator is 'The token or the user; the database role when a function was called directly.';
comment on column public.operator_actions.details is 'What was asked for, and the ids of the first 100 jobs that were changed.';
alter table public.operator_actions enable row level security;
revoke all on table public.operator_actions from public, anon, authenticated, service_role;
revoke all on sequence public.operator_actions_id_seq from public, anon, authenticated, service_role;
-- Not the columns id and at: what the database writes, nobody can make up.
grant select, insert (operator, action, details, changed) on table public.operator_actions to service_role;

create or replace function queue_private.keep_operator_actions() returns trigger
language plpgsql volatile
set search_path = ''
as $$
begin
  if tg_op = 'DELETE' and tg_level = 'ROW' and old.at < now() - interval '400 days' then
    return old;
  end if;
  raise exception 'operator_actions is append only' using errcode = '42501';
end
$$;
comment on function queue_private.keep_operator_actions is 'Refuse to change or remove what was written down.';
revoke all on function queue_private.keep_operator_actions from public, anon, authenticated;
create or replace trigger operator_actions_are_not_removed before delete on public.operator_actions
  for each row execute function queue_private.keep_operator_actions();
create or replace trigger operator_actions_are_not_changed before update or truncate on public.operator_actions
  for each statement execute function queue_private.keep_operator_actions();

-- note_operator_action: write down what was changed; nothing when nothing was. operator null: a function was called
-- directly, as a database role. Caller: the functions of operators. Locks: none but the new row's own.
create or replace function queue_private.note_operator_action(
  operator text, action text, details jsonb, changed integer
) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  if note_operator_action.changed > 0 then
    insert into public.operator_actions (operator, action, details, changed)
    values (
      coalesce(note_operator_action.operator, format('database role %s', current_user)),
      note_operator_action.action,
      case
        when octet_length(note_operator_action.details::text) <= 65536 then note_operator_action.details
        else jsonb_build_object('note', format('%s bytes were left out', octet_length(note_operator_action.details::text)))
      end,
      note_operator_action.changed
    );
  end if;
end
$$;
comment on function queue_private.note_operator_action is 'Write down what an operator changed.';
revoke all on function queue_private.note_operator_action from public, anon, authenticated;
grant execute on function queue_private.note_operator_action to service_role;

-- note_asked_run: write down that an operator has had the worker called. Caller: /api/admin/queue/journal. Locks: none but
-- the new row's own. Safe to repeat: it writes each call down.
create or replace function public.note_asked_run(operator text) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  perform queue_private.note_operator_action(note_asked_run.operator, 'run', '{}', 1);
end
$$;
comment on function public.note_asked_run is 'Write down that an operator has had the worker called.';
revoke all on function public.note_asked_run from public, anon, authenticated;
grant execute on function public.note_asked_run to service_role;

-- delete_old_operator_actions: remove up to max_rows of what is older than so many days, at least 400; returns how many.
-- Caller: delete_expired. Security definer, because nobody else may delete here; the trigger looks at each row all the
-- same. Locks: the rows, skip locked. Safe to repeat: yes.
create or replace function queue_private.delete_old_operator_actions(older_than_days integer, max_rows integer)
returns integer
language plpgsql volatile security definer
set search_path = ''
as $$
declare
  deleted integer;
begin
  delete from public.operator_actions as noted where noted.id = any (array(
    select old.id from public.operator_actions as old
    where old.at < now() - make_interval(days => greatest(older_than_days, 400))
    order by old.id limit max_rows for update skip locked
  ));
  get diagnostics deleted = row_count;
  return deleted;
end
$$;
comment on function queue_private.delete_old_operator_actions is 'Remove what was written down more than 400 days ago.';
revoke all on function queue_private.delete_old_operator_actions from public, anon, authenticated;
grant execute on function queue_private.delete_old_operator_actions to service_role;

-- list_operator_actions: the newest first, a page at a time; before_id is the last id of the page before.
-- Caller: /api/admin/queue/journal. Locks: none. Errors: 22023 an argument.
create or replace function public.list_operator_actions(page_size integer default 50, before_id bigint default null)
returns setof public.operator_actions
language plpgsql stable
set search_path = ''
as $$
begin
  if page_size is null or page_size not between 1 and 1000 then
    raise exception 'page_size must be from 1 to 1000' using errcode = '22023';
  end if;
  return query
    select noted.*
    from public.operator_actions as noted
    where noted.id < coalesce(before_id, 9223372036854775807)
    order by noted.id desc
    limit page_size;
end
$$;
comment on function public.list_operator_actions is 'What operators changed, newest first, a page at a time.';
revoke all on function public.list_operator_actions from public, anon, authenticated;
grant execute on function public.list_operator_actions to service_role;
