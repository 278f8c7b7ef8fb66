-- Removes the queue: the app's tables are as they were before the migrations, with policies, grants, triggers and rows.
--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -1 -f supabase/rollback/migrations.sql
-- Run it as the owner (postgres), after the old front end is back and the functions are gone: they would find nothing to call.
--
-- Likes and ratings that came since stay. A count moves by what changed since: see restore_app_rows in app_rows.sql.
-- Tables that the migrations made for the app (posts_new, post_ratings or comments, where it had none) stay with their rows,
-- without our triggers. Everything else of ours goes; what it held is in queue_removed.rows, until you drop that schema.
-- What does not go: files in the bucket post-images (empty and delete it in Storage, or a later installation stops at its name),
-- extensions, secrets in Vault.
-- If something of the app's depends on something of ours, such as a view on post_images, it stops and names it. All in one
-- transaction: when it stops, nothing has changed. Supabase's list of migrations forgets ours too. So delete the files from
-- supabase/migrations (the installer does it with --remove), or the next push applies them again.
-- The notices would be a hundred lines of what "if exists" did not find.
set local client_min_messages = warning;
do $$
begin
  if to_regclass('queue_private.app_changes') is null then
    raise exception 'there is nothing to remove: the queue''s migrations are not in this database';
  end if;
  if to_regclass('cron.job') is not null then
    perform cron.unschedule(job.jobname) from cron.job as job where job.jobname like 'suplatzigram-%';
  end if;
  if to_regclass('realtime.messages') is not null then
    drop policy if exists "anyone hears like counts" on realtime.messages;
  end if;
  if to_regclass('queue_private.old_likes') is not null then
    perform queue_private.forget_old_likes();
  end if;
end
$$;

-- Supabase's list of migrations. Ours are those from our first one on that have a name and a text of ours: files of the
-- app's own may have the same name, before ours and after them. Of a name without any text of ours, such as that of a job type,
-- the first one is ours.
do $$
declare
  names text[] := array[
    'expected_schema', 'close_direct_ratings', 'keep_old_likes', 'live_counts', 'notify_of_likes', 'strict_likes', 'wake_worker'
  ];
  -- Without a text of ours. As long as the last file is not there, nothing else says which they are.
  no_mention text[] := array['app_functions', 'settle_one', 'like_sync', 'post_images'];
begin
  if to_regclass('supabase_migrations.schema_migrations') is null then
    return;
  end if;
  if to_regprocedure('queue_private.expected_schema()') is null then
    -- A set that stopped half way: what says the names is its last file.
    names := null;
  else
    no_mention := array(select jsonb_object_keys(queue_private.expected_schema() -> 'migration'));
    names := names || no_mention;
  end if;
  with applied as materialized (
    select each.version, to_jsonb(each) ->> 'name' as name, to_jsonb(each) ->> 'statements' as statements
    from supabase_migrations.schema_migrations as each
  ), ours as (
    select applied.version from applied
    where applied.version >= (select max(first.version) from applied as first where first.name = 'reserved_names')
      and (applied.name = any (names) and applied.statements is null
        or (names is null or applied.name = any (names)) and applied.statements like '%queue_private%')
    union
    select min(applied.version) from applied
    where applied.version >= (select max(first.version) from applied as first where first.name = 'reserved_names')
      and applied.name = any (no_mention)
    group by applied.name
    having not coalesce(bool_or(applied.statements like '%queue_private%'), false)
  )
  delete from supabase_migrations.schema_migrations as each using ours where each.version = ours.version;
exception when insufficient_privilege then
  raise warning 'Supabase''s list of migrations still has the queue''s: supabase migration repair --remote --status reverted <versions>';
end
$$;

-- undo_app_changes gives the rows back after it has dropped columns that the migrations added, and for that reads two of
-- posts_new. So these two go last.
do $$
begin
  -- Of a set that stopped half way, as undo_app_changes does.
  perform queue_private.end_app_changes(begun.step)
  from (select distinct kept.step from queue_private.app_facts_before as kept where kept.step <> 'first') as begun;
end
$$;
create temporary table goes_last on commit drop as
select noted.id, noted.unmake from queue_private.app_changes as noted
where noted.added and noted.kind = 'column' and noted.table_name = 'posts_new'
  and noted.make ~ ' add column (likes|created_at) ';
delete from queue_private.app_changes as noted where noted.id in (select goes_last.id from pg_temp.goes_last);

select queue_private.undo_app_changes(null);

do $$
declare
  column_goes text;
begin
  for column_goes in select distinct goes_last.unmake from pg_temp.goes_last loop
    perform queue_private.keep_removed_rows('posts_new');
    execute column_goes;
  end loop;
end
$$;

do $$
declare
  kept text;
  ours text;
  bucket_is_empty boolean;
begin
  create temporary table reserved on commit drop as select kind, name from queue_private.reserved_names;
  for kept in
    select c.oid::regclass::text
    from pg_catalog.pg_class as c
    where c.relkind = 'r' and (
      c.relnamespace = 'public'::regnamespace
      and c.relname in (select reserved.name from pg_temp.reserved where reserved.kind = 'relation')
      or c.relnamespace = 'queue_private'::regnamespace and c.relname in ('repaired_rows', 'old_likes', 'disabled_triggers')
    )
  loop
    perform queue_private.keep_removed_rows(case when kept like '%.%' then kept else 'public.' || kept end);
  end loop;

  -- With its functions go the triggers on tables that the migrations made, and defaults of tables that go below.
  drop schema queue_private cascade;

  -- "restrict" from here on: what depends on these and is not ours stops the removal.
  select string_agg(p.oid::regprocedure::text, ', ') into ours
  from pg_catalog.pg_proc as p
  where p.pronamespace = 'public'::regnamespace
    and p.proname in (select reserved.name from pg_temp.reserved where reserved.kind = 'function');
  if ours is not null then
    execute 'drop function ' || ours;
  end if;
  select string_agg(c.oid::regclass::text, ', ') into ours
  from pg_catalog.pg_class as c
  where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
    and c.relname in (select reserved.name from pg_temp.reserved where reserved.kind = 'relation');
  if ours is not null then
    execute 'drop table ' || ours;
  end if;
  select string_agg(t.oid::regtype::text, ', ') into ours
  from pg_catalog.pg_type as t
  where t.typnamespace = 'public'::regnamespace and t.typtype in ('c', 'e')
    and t.typname in (select reserved.name from pg_temp.reserved where reserved.kind = 'type');
  if ours is not null then
    execute 'drop type ' || ours;
  end if;

  if to_regclass('storage.objects') is not null then
    execute $query$select not exists (select from storage.objects where bucket_id = 'post-images')$query$
    into bucket_is_empty;
    if bucket_is_empty then
      begin
        execute $query$delete from storage.buckets where id = 'post-images'$query$;
      exception when others then
        raise warning 'the bucket post-images stays (%): delete it in Storage, or a later adoption stops at its name', sqlerrm;
      end;
    else
      raise warning 'the bucket post-images stays with its files: delete it in Storage, or a later adoption stops at its name';
    end if;
  end if;
end
$$;
