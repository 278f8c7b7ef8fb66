-- diagnose_schema: compare the database with what the migrations make (expected_schema), and say for each difference what
-- mends it. Caller: diagnose. Locks: none. Grants are compared by diagnose_access.
--
-- What the app may have added is no finding: tables, columns, indexes, policies of its own tables, functions of other
-- names. Adopted tables keep their own shape, so only what the migrations add to them is looked for; what our functions
-- need of them in any shape is told by diagnose_app.
create or replace function queue_private.diagnose_schema(expected jsonb)
returns table (code text, severity text, subject text, message text, mend text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  if to_regclass('queue_private.adopted_tables') is null then
    return query select 'queue_not_installed', 'high', 'migrations', 'the migrations of the queue are not applied',
      case when to_regclass('public.posts_new') is null then 'supabase db push --remote'
        else queue_private.install_queue() end;
    return;
  end if;
  return query
  with there as materialized (
    select * from queue_private.schema_facts()
  ), adopted as materialized (
    select 'public.' || each.table_name as name from queue_private.adopted_tables as each where each.existed
  ), wanted as materialized (
    select kinds.key as kind, facts.key as name, facts.value as definition,
      split_part(facts.key, '.', 1) || '.' || split_part(facts.key, '.', 2) as relation
    from jsonb_each(expected) as kinds
    cross join lateral jsonb_each_text(kinds.value) as facts
    where kinds.key not in ('grant', 'migration')
  ), differing as (
    select w.*, t.definition as found, t.name is not null as exists
    from wanted as w
    left join there as t on t.kind = w.kind and t.name = w.name
    where (t.name is null or t.definition is distinct from w.definition)
      -- Options of a table that we give none are its owner's.
      and (w.kind <> 'table' or t.name is null or w.definition <> '')
      -- Of a table that is gone, only the table.
      and (
        w.kind in ('table', 'function', 'enum value')
        or w.relation not in (select gone.name from wanted as gone where gone.kind = 'table')
        or w.relation in (select there.name from there where there.kind = 'table')
      )
      -- diagnose_app looks for these, under any name.
      and not (
        w.relation in ('public.post_ratings', 'public.comments')
        and (w.kind = 'constraint' and w.definition ~ '^(UNIQUE|FOREIGN KEY)' or w.kind = 'index' and w.definition like '% (post_id)')
      )
      -- An app with old rows that break the rule has two triggers in its place: see image_urls.sql.
      and not (
        w.name = 'public.posts_new.posts_new_image_url_is_a_url_or_a_path' and 2 = (
          select count(*) from pg_catalog.pg_trigger as t
          where t.tgrelid = to_regclass('public.posts_new') and t.tgname like 'refuse_image_url_on_%' and t.tgenabled <> 'D'
        )
      )
      and case when w.relation not in (select adopted.name from adopted) then true else
        w.kind in ('trigger', 'row security')
        or w.kind = 'column' and t.name is null and w.relation <> 'public.comments' and w.name <> 'public.post_ratings.id'
        -- Over session ids that are uuids it has another text.
        or w.kind = 'index' and w.name like '%.post_ratings_short_session_idx' and t.name is null
        or w.kind = 'constraint' and w.name similar to '%.posts_new_(created_at_is_a_date|image_url_%)'
      end
  )
  select
    case when d.kind = 'row security' then 'row_security_off'
      else replace(d.kind, ' ', '_') || case when d.exists then '_changed' else '_missing' end
    end,
    case
      when d.kind in ('table', 'trigger') and not d.exists or d.kind = 'row security' then 'critical'
      when d.kind = 'publication' or d.kind = 'table' then 'low'
      when d.exists and d.kind <> 'function' then 'medium'
      else 'high'
    end,
    d.name,
    case
      when d.kind = 'row security' then 'row level security is off: every client with a grant reads and writes every row'
      when not d.exists then format('the %s is missing, which the migrations make', d.kind)
      when d.kind = 'function' then 'the function differs from what the migrations make'
      else format('the %s differs from what the migrations make: %s', d.kind, coalesce(nullif(d.found, ''), 'nothing'))
    end,
    case d.kind
      when 'row security' then format('alter table %s enable row level security;', d.name)
      when 'table' then case when d.exists
        then format('alter table %s set (%s);', d.name, d.definition)
        else queue_private.apply_again(format('create table if not exists %s (', d.name))
      end
      when 'function' then queue_private.apply_again(
        'create or replace function ' || split_part(d.name, '(', 1) || '('
      )
      when 'column' then case when d.exists
        then format('-- Make %s what the migrations make it: %s', d.name, d.definition)
        else format('alter table %s add column %I %s;', d.relation, split_part(d.name, '.', 3), d.definition)
      end
      when 'index' then
        case when d.exists then format('drop index %s.%I; ', split_part(d.name, '.', 1), split_part(d.name, '.', 3)) else '' end
        || d.definition || ';'
      when 'constraint' then
        case when d.exists then format('alter table %s drop constraint %I; ', d.relation, split_part(d.name, '.', 3)) else '' end
        || format('alter table %s add constraint %I %s;', d.relation, split_part(d.name, '.', 3), d.definition)
      when 'trigger' then
        case when d.exists then format('drop trigger %I on %s; ', split_part(d.name, '.', 3), d.relation) else '' end
        || d.definition || ';'
      when 'policy' then
        case when d.exists then format('drop policy %I on %s; ', split_part(d.name, '.', 3), d.relation) else '' end
        || d.definition || ';'
      when 'enum value' then format('alter type %s add value %L;', d.relation, split_part(d.name, '.', 3))
      when 'publication' then format('alter publication %I add table %s;', split_part(d.name, '.', 3), d.relation)
    end
  from differing as d
  union all
  -- PostgREST cannot choose between two functions of one name.
  select 'function_overloaded', 'high', t.name, 'a second function has the name of one of the queue''s',
    format('drop function %s;', t.name)
  from there as t
  where t.kind = 'function' and t.name like 'public.%'
    and split_part(t.name, '(', 1) in (select split_part(w.name, '(', 1) from wanted as w where w.kind = 'function')
    and t.name not in (select w.name from wanted as w where w.kind = 'function')
  union all
  -- Policies add up, so one more opens what ours close. The app's own tables are the app's.
  select 'policy_unknown', 'high', t.name, 'a policy that is not ours opens a table of the queue: ' || t.definition,
    format('drop policy %I on %s.%I;', split_part(t.name, '.', 3), split_part(t.name, '.', 1), split_part(t.name, '.', 2))
  from there as t
  where t.kind = 'policy' and t.definition like '% as permissive %'
    and t.name not in (select w.name from wanted as w where w.kind = 'policy')
    and split_part(t.name, '.', 1) || '.' || split_part(t.name, '.', 2) in (
      select w.name from wanted as w
      where w.kind = 'table' and w.name not in ('public.posts_new', 'public.post_ratings', 'public.comments')
    );
end
$$;
comment on function queue_private.diagnose_schema is 'What differs from what the migrations make.';
revoke all on function queue_private.diagnose_schema from public, anon, authenticated;
grant execute on function queue_private.diagnose_schema to service_role;

-- apply_again: the command that applies the migration with this text again, which is harmless.
create or replace function queue_private.apply_again(text_of_it text) returns text
language sql immutable
set search_path = ''
as $$
  select format(
    'psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -1 -f "$(grep -lF ''%s'' supabase/migrations/*.sql)"', apply_again.text_of_it
  )
$$;
comment on function queue_private.apply_again is 'The command that applies a migration again.';
revoke all on function queue_private.apply_again from public, anon, authenticated;
grant execute on function queue_private.apply_again to service_role;
