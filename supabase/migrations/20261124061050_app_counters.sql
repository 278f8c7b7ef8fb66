-- Counting triggers of the app on post_ratings are switched off: from here on the queue counts.
--
-- One that runs with its caller's rights fails, because clients may not write likes: every rating of a client would be
-- refused with 42501. One that runs with its owner's rights counts each like a second time, and makes raters wait for
-- one another on the post's row. counting_triggers finds them. A trigger that was switched off by mistake can be switched on again, and stays on when this file is applied again:
--   alter table public.post_ratings enable trigger <name>;
-- What was switched off is in disabled_triggers and in a warning. If it did more than counting, the app needs a trigger
-- for the rest.
-- Locks: post_ratings, which raters wait for, only if there is something to switch off. Safe to repeat: yes.

create table if not exists queue_private.disabled_triggers (
  trigger_name text primary key,
  function_name text not null,
  runs_as_owner boolean not null,
  enabled_was text not null,
  definition text not null,
  disabled_at timestamptz not null default now()
);
comment on table queue_private.disabled_triggers is 'Triggers of the app on post_ratings that counted likes.';
comment on column queue_private.disabled_triggers.runs_as_owner is
  'Whether it is security definer, which counts twice; otherwise clients'' ratings would fail.';
comment on column queue_private.disabled_triggers.enabled_was is 'pg_trigger.tgenabled before.';
alter table queue_private.disabled_triggers enable row level security;
revoke all on table queue_private.disabled_triggers from public, anon, authenticated;
grant select on table queue_private.disabled_triggers to service_role;

do $$
declare
  counter record;
begin
  for counter in
    select counting.trigger_id as oid, t.tgname, t.tgenabled, t.tgfoid::regprocedure::text as function_name, f.prosecdef
    from queue_private.counting_triggers() as counting (trigger_id)
    join pg_catalog.pg_trigger as t on t.oid = counting.trigger_id
    join pg_catalog.pg_proc as f on f.oid = t.tgfoid
    where t.tgname not in (select before.trigger_name from queue_private.disabled_triggers as before)
    order by t.tgname
  loop
    insert into queue_private.disabled_triggers (trigger_name, function_name, runs_as_owner, enabled_was, definition)
    values (
      counter.tgname, counter.function_name, counter.prosecdef, counter.tgenabled, pg_get_triggerdef(counter.oid)
    );
    execute format('alter table public.post_ratings disable trigger %I', counter.tgname);
    raise warning 'the trigger % on post_ratings, which counted likes by %, is switched off',
      counter.tgname, counter.function_name
      using hint = 'The queue counts likes now. See queue_private.disabled_triggers.';
  end loop;
end
$$;
