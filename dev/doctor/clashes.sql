-- What has a name of ours, and what of the app's own would reach ours by such a name once it has moved. Read only.
-- names: the reserved names that are not ours yet, by kind. schema: where to move. One statement or comment a row,
-- in the order in which they run: functions first, for their arguments name types that move.
-- A body of a function is text: it looks its names up when it runs. "begin atomic" bodies are bound to what they name.
with recursive wanted as materialized (
  select each_kind.key as kind, each_name.value as name
  from jsonb_each(%(names)s::jsonb) as each_kind
  cross join lateral jsonb_array_elements_text(each_kind.value) as each_name
), app_table (id) as materialized (
  select to_regclass('public.' || each) from unnest(array['post_ratings', 'comments', 'posts_new']) as each
), relation as materialized (
  select c.oid as id, c.relname::text as name, c.relkind as kind, coalesce(
    (select i.indrelid from pg_index as i where i.indexrelid = c.oid),
    (
      select d.refobjid from pg_depend as d
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass
        and d.deptype in ('a', 'i') and c.relkind = 'S'
    )
  ) as belongs_to
  from wanted
  join pg_class as c
    on c.relname = wanted.name and c.relnamespace = 'public'::regnamespace and c.relkind <> 'c'
  where wanted.kind in ('relation', 'type')
), type as materialized (
  select t.oid as id, t.typname::text as name, t.typtype as kind
  from wanted
  join pg_type as t on t.typname = wanted.name and t.typnamespace = 'public'::regnamespace and t.typelem = 0
  left join pg_class as c on c.oid = t.typrelid
  where wanted.kind in ('relation', 'type') and (c.oid is null or c.relkind = 'c')
), app_function as materialized (
  select p.oid as id, p.proname::text as name, p.prosrc as body, p.prorettype = 'trigger'::regtype as is_trigger,
    p.prokind as kind, p.pronamespace = 'public'::regnamespace as is_public, p.pronamespace = 'public'::regnamespace
      and exists (select from wanted where wanted.kind = 'function' and wanted.name = p.proname) as clashes
  from pg_proc as p
  join pg_language as l on l.oid = p.prolang and l.lanname not in ('internal', 'c')
  join pg_namespace as n on n.oid = p.pronamespace
  where n.nspname <> all (array[
      'pg_catalog', 'information_schema', 'queue_private', 'auth', 'storage', 'realtime', 'extensions', 'vault', 'cron',
      'net', 'graphql', 'graphql_public', 'pgbouncer'
    ])
    and not exists (
      select from pg_depend as d
      where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
    )
), pattern (text) as materialized (
  select format('\m(into|update|from|join|table|only|using)\s+("?public"?\s*\.\s*)?"?%%s"?\M', name) from relation
  where kind not in ('i', 'I')
  union all select format('\m%%s"?\s*%%%%\s*rowtype\M', name) from relation
  union all select format('\m%%s"?\s*\(', name) from app_function where clashes
  union all select format('\m%%s\M', name) from type
), reaching (id) as (
  -- Functions that name what moves, and those that call them.
  select f.id from app_function as f where exists (select from pattern where f.body ~* pattern.text)
  union
  select caller.id
  from reaching
  join app_function as called on called.id = reaching.id
  join app_function as caller
    on caller.body ~* format('\m%%s"?\s*\(', regexp_replace(called.name, '([^\w])', '\\\1', 'g'))
), reacher as materialized (
  select f.id, f.name, f.is_trigger, f.kind, f.is_public, f.clashes,
    f.body ~* '\m(posts_new|post_ratings|comments)\M' as is_of_the_app
  from reaching join app_function as f on f.id = reaching.id
), loud as materialized (
  -- Triggers that would write to ours. Those of a table that moves go along, and run no more.
  select t.oid as id, t.tgname, t.tgrelid, t.tgfoid, c.relnamespace = 'public'::regnamespace as is_public
  from pg_trigger as t
  join pg_class as c on c.oid = t.tgrelid
  where not t.tgisinternal and t.tgenabled <> 'D' and t.tgfoid in (select reacher.id from reacher)
    and t.tgrelid not in (select relation.id from relation)
)
select 10 as place, format('-- %%s runs %%s, which names what moves. Whatever else it does stops too.', loud.tgname,
    loud.tgfoid::regprocedure) || E'\n'
  || format('alter table %%s disable trigger %%I;', loud.tgrelid::regclass, loud.tgname) as line
from loud where loud.is_public
union all
-- On a table of another owner, such as auth.users: it goes on, and writes to what has moved.
select 11, format('-- %%s of %%s goes on, and writes to what has moved: take that out of its function.', loud.tgname,
    loud.tgrelid::regclass) || E'\n'
  || format('alter function %%s set search_path = %%I, public, extensions;', loud.tgfoid::regprocedure, %(schema)s::text)
from loud where not loud.is_public and not exists (
  select from app_function as f where f.id = loud.tgfoid and f.clashes
)
union all
select 20, format(
  'alter %%s %%s set schema %%I;', case p.prokind when 'f' then 'function' else 'routine' end, p.oid::regprocedure,
  %(schema)s::text
)
from wanted
join pg_proc as p on p.proname = wanted.name and p.pronamespace = 'public'::regnamespace
where wanted.kind = 'function'
union all
select 21, format(
  case when reacher.is_of_the_app or not reacher.is_public
    then '-- %%2$s is the app''s: it goes on, and writes to what has moved. Take that out of it.'
      || E'\n' || 'alter %%1$s %%2$s set search_path = %%3$I, public, extensions;'
    else 'alter %%1$s %%2$s set schema %%3$I;' end,
  case reacher.kind when 'f' then 'function' else 'routine' end, reacher.id::regprocedure, %(schema)s::text
)
from reacher where not reacher.is_trigger and not reacher.clashes
union all
select case when kind in ('i', 'I') or kind = 'S' and belongs_to is not null then 31 else 30 end, case
  when kind in ('r', 'p') then format('alter table public.%%I set schema %%I;', name, %(schema)s::text)
  when kind = 'v' then format('alter view public.%%I set schema %%I;', name, %(schema)s::text)
  when kind = 'm' then format('alter materialized view public.%%I set schema %%I;', name, %(schema)s::text)
  when kind = 'f' then format('alter foreign table public.%%I set schema %%I;', name, %(schema)s::text)
  when kind in ('i', 'I') then format('alter index public.%%I rename to %%I;', name, 'draft_' || name)
  when belongs_to is not null then format('alter sequence public.%%I rename to %%I;', name, 'draft_' || name)
  else format('alter sequence public.%%I set schema %%I;', name, %(schema)s::text) end
from relation where belongs_to is null or belongs_to not in (select moved.id from relation as moved)
union all
select 40, format('alter %%s public.%%I set schema %%I;', case kind when 'd' then 'domain' else 'type' end, name, %(schema)s::text)
from type
union all
select 50, format('alter trigger %%I on %%s rename to %%I;', t.tgname, t.tgrelid::regclass, left('draft_' || t.tgname, 63))
from wanted
join pg_trigger as t on t.tgname = wanted.name and not t.tgisinternal
where wanted.kind = 'trigger' and t.tgrelid in (select app_table.id from app_table)
union all
select 51, format('alter policy %%I on %%s rename to %%I;', p.polname, p.polrelid::regclass, left('draft ' || p.polname, 63))
from wanted
join pg_policy as p on p.polname = wanted.name and p.polrelid in (select app_table.id from app_table)
where wanted.kind = 'policy'
union all
select 70, format(
  '-- BY HAND: %%s has the name of a table that the queue adopts. Give it another name, and the app''s code too.',
  pg_describe_object('pg_class'::regclass, c.oid, 0)
)
from app_table join pg_class as c on c.oid = app_table.id and c.relkind not in ('r', 'p')
union all
-- Whose owner is Supabase Auth: postgres may make triggers there, and neither rename nor drop them.
select 71, format(
  '-- BY HAND: drop %%s with "cascade", and make it and its trigger %%I on auth.users anew, under another name.',
  t.tgfoid::regprocedure, t.tgname
)
from wanted
join pg_trigger as t on t.tgname = wanted.name and not t.tgisinternal and t.tgrelid = to_regclass('auth.users')
where wanted.kind = 'trigger'
union all
-- By what a pg_cron job would be known to use them.
select 0, pattern.text from pattern
union all
select 0, format('\m%%s"?\s*\(', regexp_replace(reacher.name, '([^\w])', '\\\1', 'g')) from reacher
order by place, line
