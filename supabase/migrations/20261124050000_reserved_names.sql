-- reserve_names: the first file. It refuses, before anything changes, when the app has something under a name of ours, or
-- ids of posts and users that are no uuid, which all functions of the queue take, or tables of a shape that the rest of the
-- migrations could not adopt: it would fail half way, or each like afterwards would.
--
-- PostgREST exposes the schema public only, so what clients and the server use has to be there. The rest is in
-- queue_private. posts_new, post_ratings and comments are adopted, so tables of these names are no clash; anything else is.
-- A name that was free is reserved here. Whatever has it later is ours, so applying the set again, or going on after a
-- file that failed, is not refused. A later version reserves its new names by the same function, in a file of its own.
-- Functions are reserved by name, whatever their arguments: of two functions with one name, PostgREST cannot choose.
-- Locks: not one. Safe to repeat: yes. Errors: 42710, the message names every clash; 42804, every column; 0A000, every
-- part of a table that cannot be adopted.

do $$
begin
  if to_regnamespace('queue_private') is not null and to_regclass('queue_private.reserved_names') is null then
    raise exception 'these names are taken: schema queue_private'
      using errcode = '42710', hint = 'Nothing was changed. Rename the schema, then apply the migrations again.';
  end if;
end
$$;

do $$
declare
  others text;
begin
  select string_agg(format('%s.%s is %s', wanted.app_table, a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by wanted.nth)
  into others
  from (values
    (1, 'posts_new', 'id'), (2, 'posts_new', 'user_id'), (3, 'post_ratings', 'post_id'), (4, 'comments', 'post_id')
  ) as wanted (nth, app_table, name)
  join pg_catalog.pg_attribute as a
    on a.attrelid = to_regclass('public.' || wanted.app_table) and a.attname = wanted.name and not a.attisdropped
  join pg_catalog.pg_class as c on c.oid = a.attrelid and c.relkind in ('r', 'p')
  where a.atttypid <> 'uuid'::regtype;
  if others is not null then
    raise exception 'these columns have to be uuid: %', others
      using errcode = '42804', hint = 'Nothing was changed. Give the posts ids of type uuid, and what refers to them, first.';
  end if;
end
$$;

do $$
declare
  unfit text;
  unchecked record;
  is_broken boolean;
begin
  with app_table as materialized (
    select wanted.nth, wanted.name, c.*
    from unnest(array['posts_new', 'post_ratings', 'comments']) with ordinality as wanted (name, nth)
    join pg_catalog.pg_class as c on c.oid = to_regclass('public.' || wanted.name) and c.relkind in ('r', 'p')
  ), app_column as materialized (
    select app_table.nth, app_table.name as table_name, app_table.name || '.' || a.attname as name, a.attname, a.attgenerated,
      format_type(a.atttypid, a.atttypmod) as type_name, t.typcategory as category
    from app_table
    join pg_catalog.pg_attribute as a on a.attrelid = app_table.oid and a.attnum > 0 and not a.attisdropped
    join pg_catalog.pg_type as t on t.oid = a.atttypid
  ), problem (nth, said) as (
    select app_table.nth, format('%s belongs to %s, and has to belong to %s', app_table.name, app_table.relowner::regrole, current_user)
    from app_table where not pg_has_role(app_table.relowner, 'usage')
    union all
    select app_table.nth, 'posts_new is unlogged, so that no other table can refer to it'
    from app_table where app_table.name = 'posts_new' and app_table.relpersistence = 'u'
    union all
    -- A constraint holds for one table of a family only.
    select distinct app_table.nth, format('%s is inherited by %s', app_table.name, i.inhrelid::regclass)
    from app_table
    join pg_catalog.pg_inherits as i on i.inhparent = app_table.oid
    where app_table.relkind = 'r' and app_table.name <> 'comments'
    union all
    -- "on conflict", and "returning" in a query, work on no table with rules.
    select app_table.nth, format('%s has the rule %I', app_table.name, r.rulename)
    from app_table join pg_catalog.pg_rewrite as r on r.ev_class = app_table.oid
    union all
    -- Postgres then refuses to delete or to update a row.
    select app_table.nth,
      format('%s is published by %s, and has neither a primary key nor a replica identity', app_table.name, p.pubname)
    from app_table
    join pg_catalog.pg_publication_tables as member on member.schemaname = 'public' and member.tablename = app_table.name
    join pg_catalog.pg_publication as p on p.pubname = member.pubname and (p.pubdelete or p.pubupdate)
    where app_table.relreplident = 'n' or app_table.relreplident = 'd' and not exists (
      select from pg_catalog.pg_index as i where i.indrelid = app_table.oid and i.indisprimary and i.indimmediate
    )
    union all
    select app_table.nth, format('%s is partitioned by more than post_id and session_id', app_table.name)
    from app_table
    join pg_catalog.pg_partitioned_table as p on p.partrelid = app_table.oid
    where app_table.name = 'post_ratings' and exists (
      select from unnest(p.partattrs::smallint[]) as key (attnum)
      left join pg_catalog.pg_attribute as a on a.attrelid = app_table.oid and a.attnum = key.attnum
      where a.attname is null or a.attname not in ('post_id', 'session_id')
    )
    union all
    select app_table.nth, format('%s has no column %s', app_table.name, wanted.attname)
    from app_table
    join (values
      ('posts_new', 'id'), ('post_ratings', 'post_id'), ('post_ratings', 'session_id'), ('comments', 'post_id')
    ) as wanted (table_name, attname) on wanted.table_name = app_table.name
    where not exists (
      select from app_column as c where c.table_name = app_table.name and c.attname = wanted.attname
    )
    union all
    select c.nth, case when c.attgenerated <> '' then format('%s is generated, and has to be written', c.name)
      else format('%s is %s, and has to be %s', c.name, c.type_name, wanted.rule) end
    from app_column as c
    join (values
      ('posts_new.likes', 'N', 'a number'),
      ('posts_new.caption', 'S', 'a text'), ('posts_new.image_url', 'S', 'a text'),
      ('posts_new.created_at', 'D', 'a date or a timestamp'), ('posts_new.updated_at', 'D', 'a date or a timestamp'),
      ('post_ratings.created_at', 'D', 'a date or a timestamp'), ('post_ratings.session_id', 'SU', 'a text or a uuid')
    ) as wanted (name, categories, rule) on wanted.name = c.name
    where c.attgenerated <> '' or strpos(wanted.categories, c.category::text) = 0
      or c.category = 'U' and c.type_name <> 'uuid' or c.type_name ~ '^time\M'
    union all
    select app_table.nth, 'posts_new.id is neither the primary key nor unique'
    from app_table
    join pg_catalog.pg_attribute as a on a.attrelid = app_table.oid and a.attname = 'id' and not a.attisdropped
    where app_table.name = 'posts_new' and not exists (
      select from pg_catalog.pg_index as i
      where i.indrelid = app_table.oid and i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null
        and i.indnkeyatts = 1 and i.indkey[0] = a.attnum
    )
  )
  select string_agg(problem.said, '; ' order by problem.nth, problem.said) into unfit from problem;
  -- Each update of a row is checked, so the likes of such a post could never be written.
  for unchecked in
    select c.conname, pg_get_expr(c.conbin, c.conrelid) as rule
    from pg_catalog.pg_constraint as c
    where c.conrelid = to_regclass('public.posts_new') and c.contype = 'c' and not c.convalidated
    order by c.conname
  loop
    execute format('select exists (select from public.posts_new where not (%s))', unchecked.rule) into is_broken;
    if is_broken then
      unfit := concat_ws('; ', unfit, format('posts_new has rows that break its constraint %I', unchecked.conname));
    end if;
  end loop;
  if unfit is not null then
    raise exception 'these tables cannot be adopted: %', unfit
      using errcode = '0A000', hint = 'Nothing was changed. Change the tables in a migration of the app''s own first.';
  end if;
end
$$;

create schema if not exists queue_private;
revoke all on schema queue_private from public, anon, authenticated;

create table if not exists queue_private.reserved_names (
  kind text not null,
  name text not null,
  reserved_at timestamptz not null default now(),
  primary key (kind, name),
  constraint reserved_names_kind_is_known
    check (kind in ('relation', 'type', 'function', 'trigger', 'policy', 'bucket'))
);
comment on table queue_private.reserved_names is 'Names that were free when the migrations first came: what has them is ours.';
comment on column queue_private.reserved_names.name is 'In the schema public; of a trigger or a policy, on an adopted table or on auth.users.';
alter table queue_private.reserved_names enable row level security;
revoke all on table queue_private.reserved_names from public, anon, authenticated;

-- names: for each kind an array, as in the call below.
create or replace function queue_private.reserve_names(names jsonb) returns void
language plpgsql volatile
set search_path = ''
as $$
declare
  adopted text[] := array['posts_new', 'post_ratings', 'comments'];
  taken text;
begin
  with wanted as materialized (
    select each_kind.key as kind, each_name.value as name
    from jsonb_each(reserve_names.names) as each_kind
    cross join lateral jsonb_array_elements_text(each_kind.value) as each_name
    where not exists (
      select from queue_private.reserved_names as reserved
      where reserved.kind = each_kind.key and reserved.name = each_name.value
    )
  ), clash (object) as (
    select pg_describe_object('pg_class'::regclass, c.oid, 0)
    from wanted
    join pg_catalog.pg_class as c
      on c.relname = wanted.name and c.relnamespace = 'public'::regnamespace and c.relkind <> 'c'
    where wanted.kind in ('relation', 'type')
    union
    select pg_describe_object('pg_class'::regclass, c.oid, 0)
    from pg_catalog.pg_class as c
    where c.relname = any (adopted) and c.relnamespace = 'public'::regnamespace and c.relkind not in ('r', 'p')
    union
    select pg_describe_object('pg_type'::regclass, t.oid, 0)
    from wanted
    join pg_catalog.pg_type as t on t.typname = wanted.name and t.typnamespace = 'public'::regnamespace
    left join pg_catalog.pg_class as c on c.oid = t.typrelid
    -- A table's row type goes with the table, which is named already.
    where wanted.kind in ('relation', 'type') and (c.oid is null or c.relkind = 'c')
    union
    select pg_describe_object('pg_proc'::regclass, p.oid, 0)
    from wanted
    join pg_catalog.pg_proc as p on p.proname = wanted.name and p.pronamespace = 'public'::regnamespace
    where wanted.kind = 'function'
    union
    select pg_describe_object('pg_trigger'::regclass, t.oid, 0)
    from wanted
    join pg_catalog.pg_trigger as t on t.tgname = wanted.name
    where wanted.kind = 'trigger' and t.tgrelid in (
      select to_regclass('public.' || each) from unnest(adopted) as each union all select to_regclass('auth.users')
    )
    union
    select pg_describe_object('pg_policy'::regclass, p.oid, 0)
    from wanted
    join pg_catalog.pg_policy as p on p.polname = wanted.name
    where wanted.kind = 'policy' and p.polrelid in (select to_regclass('public.' || each) from unnest(adopted) as each)
  )
  select string_agg(clash.object, ', ' order by clash.object) into taken from clash;

  -- Dynamic, because an installation may be without Storage.
  if to_regclass('storage.buckets') is not null then
    execute $query$
      select concat_ws(', ', $1, string_agg('bucket ' || bucket.id, ', ' order by bucket.id))
      from storage.buckets as bucket
      where bucket.id in (select jsonb_array_elements_text($2))
        and not exists (
          select from queue_private.reserved_names as reserved
          where reserved.kind = 'bucket' and reserved.name = bucket.id
        )
    $query$ into taken using taken, coalesce(reserve_names.names -> 'bucket', '[]');
  end if;

  if taken <> '' then
    raise exception 'these names are taken: %', taken
      using errcode = '42710', hint = 'Nothing was changed. ' || case when taken ~ '^bucket [^,]*$'
        then 'An earlier installation leaves its bucket: delete it in Storage, then apply the migrations again.'
        else 'Rename them in the app, then apply the migrations again.' end;
  end if;
  insert into queue_private.reserved_names (kind, name)
  select each_kind.key, each_name.value
  from jsonb_each(reserve_names.names) as each_kind
  cross join lateral jsonb_array_elements_text(each_kind.value) as each_name
  on conflict do nothing;
end
$$;
comment on function queue_private.reserve_names is 'Refuse when one of these names is taken; reserve those that are free.';
revoke all on function queue_private.reserve_names from public, anon, authenticated;

-- A test compares this list with what the migrations make.
select queue_private.reserve_names('{
  "relation": [
    "background_jobs", "job_history", "job_history_id_seq", "job_schedules", "notifications", "operator_actions",
    "operator_actions_id_seq", "post_images", "post_rankings", "post_thumbnails", "push_subscriptions", "worker_runs",
    "worker_runs_id_seq"
  ],
  "type": ["job_page", "job_state", "job_status", "job_type", "like_state"],
  "function": [
    "add_notification", "audit_like_counts", "cancel_job", "cancel_jobs", "change_job_type", "change_jobs",
    "change_schedule", "claim_isolated_job", "claim_jobs", "claim_next_job", "complete_job", "create_post",
    "create_schedule", "delete_expired", "delete_schedule", "discard_jobs", "due_schedules", "enqueue_job",
    "enqueue_jobs", "fail_job", "fail_schedule", "find_jobs", "find_orphaned_images", "finish_worker_run",
    "fire_schedule", "give_up_push", "like_states", "list_jobs", "list_operator_actions", "list_posts",
    "list_schedules", "list_worker_runs", "note_asked_run", "pause_job_type", "post_exists", "post_like_counts", "queue_counters",
    "queue_diagnostics", "queue_health", "queue_stats", "recompute_rankings", "record_push", "redrive_jobs",
    "remove_push_subscription", "rescue_expired_jobs", "resume_job_type", "run_schedule", "search_jobs", "set_like",
    "settle_and_claim", "settle_jobs", "start_worker_run", "store_post_image", "store_post_thumbnails",
    "sync_post_like_count", "sync_post_like_counts", "toggle_like", "undelivered_pushes"
  ],
  "trigger": [
    "ask_for_changed_post_image", "ask_for_like_sync_on_delete", "ask_for_like_sync_on_insert",
    "ask_for_like_sync_on_truncate", "ask_for_like_sync_on_update", "ask_for_post_images",
    "ignore_like_write_on_insert", "ignore_like_write_on_update", "zzz_leave_others_posts",
    "remove_notifications_and_subscriptions"
  ],
  "policy": [
    "anyone reads comments", "anyone reads posts", "old clients name likes", "sessions add ratings", "sessions read ratings",
    "sessions remove ratings", "users add their own posts", "users change their own posts",
    "users delete their own posts"
  ],
  "bucket": ["post-images"]
}');
