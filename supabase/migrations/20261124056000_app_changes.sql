-- app_changes: what the migrations change about the app's own tables, noted so that supabase/rollback can undo it.
--
-- A fact is one statement that would make a part of these tables: a constraint, a default, a policy, a grant. begin_app_changes
-- keeps the facts of the moment, end_app_changes notes what was added and removed since, under the name of a step. The set
-- itself is the step "migrations": it begins here and ends in app_changes_noted.sql. A later migration that changes the
-- app's tables does it between a begin and an end of its own, and so does supabase/optional.
-- undo_app_changes puts back one step, or everything. What the app's owner changed by themselves is in no step, so it stays.
-- Only adopted tables are noted: those that the migrations made are not put back to anything.
-- Callers: migrations and rollbacks, as the owner. Locks: those of the statements. Safe to repeat: yes.

-- app_facts: the facts about posts_new, post_ratings, comments, the views on them and the functions that their triggers,
-- defaults, indexes and checks use. place orders the undoing: what depends on another goes first, and is made last.
create or replace function queue_private.app_facts()
returns table (place integer, kind text, table_name text, make text, unmake text)
language plpgsql stable
set search_path = ''
as $$
begin
  return query
  with recursive app_table as materialized (
    select c.oid, c.relname::text as name, format('public.%I', c.relname) as path, c.relowner, c.relacl, c.relrowsecurity
    from unnest(array['post_ratings', 'comments', 'posts_new']) as wanted (name)
    join pg_catalog.pg_class as c on c.oid = to_regclass('public.' || wanted.name)
  ), built_on (id) as (
    select app_table.oid from app_table
    union
    select r.ev_class
    from built_on
    join pg_catalog.pg_depend as d
      on d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = built_on.id
        and d.classid = 'pg_catalog.pg_rewrite'::regclass
    join pg_catalog.pg_rewrite as r on r.oid = d.objid
  ), relation as materialized (
    select c.oid, c.relname::text as name, c.oid::regclass::text as path, c.relowner, c.relacl
    from built_on join pg_catalog.pg_class as c on c.oid = built_on.id
  ), app_column as materialized (
    select app_table.name, app_table.path, a.*, pg_get_expr(d.adbin, d.adrelid) as expression
    from app_table
    join pg_catalog.pg_attribute as a on a.attrelid = app_table.oid and a.attnum > 0 and not a.attisdropped
    left join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
  ), privilege as (
    select relation.name, relation.path, '' as columns, acl.*
    from relation
    cross join lateral aclexplode(coalesce(relation.relacl, acldefault('r', relation.relowner))) as acl
    where acl.grantor = relation.relowner and acl.grantee <> relation.relowner
    union all
    select relation.name, relation.path, format(' (%I)', a.attname), acl.*
    from relation
    join pg_catalog.pg_attribute as a on a.attrelid = relation.oid and a.attnum > 0 and not a.attisdropped
    cross join lateral aclexplode(a.attacl) as acl
    where acl.grantor = relation.relowner and acl.grantee <> relation.relowner
  )
  select
    5, 'trigger state', app_table.name,
    format(
      'alter table %s %s trigger %I', app_table.path,
      case t.tgenabled when 'D' then 'disable' when 'R' then 'enable replica' when 'A' then 'enable always' else 'enable' end,
      t.tgname
    ),
    null::text
  from app_table join pg_catalog.pg_trigger as t on t.tgrelid = app_table.oid and not t.tgisinternal
  union all
  select 10, 'trigger', app_table.name, pg_get_triggerdef(t.oid), format('drop trigger %I on %s', t.tgname, app_table.path)
  from app_table join pg_catalog.pg_trigger as t on t.tgrelid = app_table.oid and not t.tgisinternal
  union all
  select
    20, 'policy', app_table.name,
    format(
      'create policy %I on %s as %s for %s to %s%s%s', p.policyname, app_table.path, p.permissive, p.cmd,
      (select string_agg(case role.name when 'public' then 'public' else quote_ident(role.name) end, ', ')
        from unnest(p.roles) as role (name)),
      ' using (' || p.qual || ')', ' with check (' || p.with_check || ')'
    ),
    format('drop policy %I on %s', p.policyname, app_table.path)
  from app_table join pg_catalog.pg_policies as p on p.schemaname = 'public' and p.tablename = app_table.name
  union all
  select
    case privilege.columns when '' then 26 else 25 end, 'grant', privilege.name,
    format(
      'grant %s%s on table %s to %s%s', privilege.privilege_type, privilege.columns, privilege.path, grantee.name,
      case when privilege.is_grantable then ' with grant option' else '' end
    ),
    format('revoke %s%s on table %s from %s', privilege.privilege_type, privilege.columns, privilege.path, grantee.name)
  from privilege
  cross join lateral (
    select case privilege.grantee when 0 then 'public' else privilege.grantee::regrole::text end as name
  ) as grantee
  union all
  select
    case c.contype when 'f' then 30 else 31 end, 'constraint', app_table.name,
    format('alter table %s add constraint %I %s', app_table.path, c.conname, pg_get_constraintdef(c.oid))
      || case when obj_description(c.oid, 'pg_constraint') is null then '' else
        format('; comment on constraint %I on %s is %L', c.conname, app_table.path, obj_description(c.oid, 'pg_constraint')) end,
    format('alter table %s drop constraint %I', app_table.path, c.conname)
  from app_table
  join pg_catalog.pg_constraint as c on c.conrelid = app_table.oid and c.contype in ('c', 'f', 'p', 'u', 'x')
    -- Those for the partitions of what is referred to come and go with their parent.
    and c.conparentid = 0
  union all
  select 40, 'index', app_table.name, pg_get_indexdef(i.indexrelid), format('drop index %s', i.indexrelid::regclass)
  from app_table join pg_catalog.pg_index as i on i.indrelid = app_table.oid
  where not exists (select from pg_catalog.pg_constraint as c where c.conindid = i.indexrelid and c.conrelid = i.indrelid)
  union all
  select
    50, 'not null', app_column.name, format('alter table %s alter column %I set not null', app_column.path, app_column.attname),
    format('alter table %s alter column %I drop not null', app_column.path, app_column.attname)
  from app_column where app_column.attnotnull
  union all
  select
    60, 'default', app_column.name,
    format('alter table %s alter column %I set default %s', app_column.path, app_column.attname, app_column.expression),
    format('alter table %s alter column %I drop default', app_column.path, app_column.attname)
  from app_column where app_column.expression is not null and app_column.attgenerated = ''
  union all
  select
    70, 'column', app_column.name,
    format(
      'alter table %s add column %I %s', app_column.path, app_column.attname,
      format_type(app_column.atttypid, app_column.atttypmod)
    ),
    format('alter table %s drop column %I', app_column.path, app_column.attname)
  from app_column
  union all
  select
    80, 'row security', app_table.name, format('alter table %s enable row level security', app_table.path),
    format('alter table %s disable row level security', app_table.path)
  from app_table where app_table.relrowsecurity
  union all
  select
    90, 'function', 'functions',
    format('alter function %s set search_path = %s', p.oid::regprocedure, substr(setting.text, 13)),
    format('alter function %s reset search_path', p.oid::regprocedure)
  from pg_catalog.pg_proc as p
  join pg_catalog.pg_language as l on l.oid = p.prolang and l.lanname not in ('internal', 'c')
  cross join lateral unnest(p.proconfig) as setting (text)
  where setting.text like 'search\_path=%'
    and p.pronamespace <> 'queue_private'::regnamespace and p.pronamespace <> 'pg_catalog'::regnamespace
    and p.oid in (
      select t.tgfoid from app_table join pg_catalog.pg_trigger as t on t.tgrelid = app_table.oid and not t.tgisinternal
      union all
      select d.refobjid
      from pg_catalog.pg_depend as d
      where d.refclassid = 'pg_catalog.pg_proc'::regclass and (
        d.classid = 'pg_catalog.pg_trigger'::regclass
        and d.objid in (
          select t.oid from app_table join pg_catalog.pg_trigger as t on t.tgrelid = app_table.oid and not t.tgisinternal
        )
        or d.classid = 'pg_catalog.pg_class'::regclass
        and d.objid in (select i.indexrelid from app_table join pg_catalog.pg_index as i on i.indrelid = app_table.oid)
        or d.classid = 'pg_catalog.pg_attrdef'::regclass
        and d.objid in (select f.oid from pg_catalog.pg_attrdef as f join app_table on app_table.oid = f.adrelid)
        or d.classid = 'pg_catalog.pg_constraint'::regclass
        and d.objid in (select c.oid from pg_catalog.pg_constraint as c join app_table on app_table.oid = c.conrelid)
      )
    );
end
$$;
comment on function queue_private.app_facts is 'What the app''s tables consist of, as statements that make and unmake each part.';
revoke all on function queue_private.app_facts from public, anon, authenticated;

create table if not exists queue_private.app_facts_before (
  step text not null,
  place integer not null,
  kind text not null,
  table_name text not null,
  make text not null,
  unmake text
);
comment on table queue_private.app_facts_before is
  'The facts when a step began, until it ends; those of the step "first" stay: what the migrations met.';
create table if not exists queue_private.app_changes (
  id bigint generated always as identity primary key,
  step text not null,
  added boolean not null,
  place integer not null,
  kind text not null,
  table_name text not null,
  make text not null,
  unmake text,
  noted_at timestamptz not null default now()
);
comment on table queue_private.app_changes is 'What each step added to the app''s tables, or removed from them.';
-- A publication of all tables, as replication services make one, would refuse to delete rows that nothing names.
do $$
begin
  if exists (
    select from pg_catalog.pg_class as c where c.oid = 'queue_private.app_facts_before'::regclass and c.relreplident <> 'f'
  ) then
    alter table queue_private.app_facts_before replica identity full;
  end if;
end
$$;
alter table queue_private.app_facts_before enable row level security;
alter table queue_private.app_changes enable row level security;
revoke all on table queue_private.app_facts_before, queue_private.app_changes from public, anon, authenticated;
revoke all on sequence queue_private.app_changes_id_seq from public, anon, authenticated;

-- begin_app_changes: a step that was begun and never ended goes on: what its first try changed is part of it.
create or replace function queue_private.begin_app_changes(of_step text) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  insert into queue_private.app_facts_before (step, place, kind, table_name, make, unmake)
  select wanted.step, fact.place, fact.kind, fact.table_name, fact.make, fact.unmake
  from queue_private.app_facts() as fact
  cross join unnest(array['first', of_step]) as wanted (step)
  where not exists (select from queue_private.app_facts_before as kept where kept.step = wanted.step)
    and (wanted.step <> 'first' or to_regclass('queue_private.adopted_tables') is null);
end
$$;
comment on function queue_private.begin_app_changes is 'Keep what the app''s tables are, before a step changes them.';
revoke all on function queue_private.begin_app_changes from public, anon, authenticated;

create or replace function queue_private.end_app_changes(of_step text) returns void
language plpgsql volatile
set search_path = ''
as $$
begin
  with after as materialized (
    select * from queue_private.app_facts()
  ), before as materialized (
    select * from queue_private.app_facts_before as kept where kept.step = of_step
  ), changed as (
    select true as added, after.place, after.kind, after.table_name, after.make, after.unmake from after
    where after.make not in (select before.make from before)
    union all
    select false, before.place, before.kind, before.table_name, before.make, before.unmake from before
    where before.make not in (select after.make from after)
  )
  insert into queue_private.app_changes (step, added, place, kind, table_name, make, unmake)
  select of_step, changed.added, changed.place, changed.kind, changed.table_name, changed.make, changed.unmake
  from changed
  where not exists (
    select from queue_private.adopted_tables as each where each.table_name = changed.table_name and not each.existed
  )
  order by changed.place, changed.make;
  delete from queue_private.app_facts_before as kept where kept.step = of_step;
end
$$;
comment on function queue_private.end_app_changes is 'Note what a step has changed about the app''s tables.';
revoke all on function queue_private.end_app_changes from public, anon, authenticated;

-- undo_app_changes: put back what one step changed, or with null what all of them did, as far as it is still so.
-- Row level security that we switched on stays on where the app has policies by now that it had not at first: switching
-- it off would open what they close.
create or replace function queue_private.undo_app_changes(of_step text) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  undone record;
  -- In rollbacks of everything the rows come back when our constraints are gone and theirs are not there yet.
  rows_come_back constant boolean := of_step is null;
begin
  -- A step that failed half way: what it changed so far.
  perform queue_private.end_app_changes(begun.step)
  from (select distinct kept.step from queue_private.app_facts_before as kept where kept.step <> 'first') as begun
  where of_step is null or begun.step = of_step;

  for undone in
    select net.kind, net.table_name, net.unmake
    from (
      select noted.kind, noted.table_name, noted.make, noted.unmake, noted.place
      from queue_private.app_changes as noted
      where of_step is null or noted.step = of_step
      group by noted.kind, noted.table_name, noted.make, noted.unmake, noted.place
      having sum(case when noted.added then 1 else -1 end) > 0
    ) as net
    where net.unmake is not null and net.make in (select fact.make from queue_private.app_facts() as fact)
    order by net.place, net.make
  loop
    if undone.kind = 'row security' and exists (
      select from queue_private.app_facts() as fact
      where fact.kind = 'policy' and fact.table_name = undone.table_name
        and fact.make not in (select kept.make from queue_private.app_facts_before as kept where kept.step = 'first')
    ) then
      raise warning 'row level security stays on for %: it has policies that came later', undone.table_name;
      continue;
    end if;
    if undone.kind = 'column' then
      perform queue_private.keep_removed_rows(undone.table_name);
    end if;
    execute undone.unmake;
  end loop;

  if rows_come_back then
    perform queue_private.restore_app_rows();
  end if;

  for undone in
    select net.make
    from (
      select noted.make, noted.place
      from queue_private.app_changes as noted
      where of_step is null or noted.step = of_step
      group by noted.make, noted.place
      having sum(case when noted.added then 1 else -1 end) < 0
    ) as net
    where net.make not in (select fact.make from queue_private.app_facts() as fact)
    order by net.place desc, net.make
  loop
    execute undone.make;
  end loop;
  delete from queue_private.app_changes as noted where of_step is null or noted.step = of_step;
end
$$;
comment on function queue_private.undo_app_changes is 'Put the app''s tables back to what they were before a step, or before all.';
revoke all on function queue_private.undo_app_changes from public, anon, authenticated;

select queue_private.begin_app_changes('migrations');
