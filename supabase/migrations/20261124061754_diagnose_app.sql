-- diagnose_app: whether the app's tables, posts_new, post_ratings and comments, can keep counts that are right: what they
-- enforce, and what clients may do to them. Works on an app before its migration too. Caller: diagnose. Locks: none.
create or replace function queue_private.diagnose_app(expected jsonb)
returns table (code text, severity text, subject text, message text, mend text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  posts regclass := to_regclass('public.posts_new');
  ratings regclass := to_regclass('public.post_ratings');
  comments regclass := to_regclass('public.comments');
  migrated boolean := to_regclass('queue_private.adopted_tables') is not null;
  adopted boolean := false;
  like_writes jsonb;
  ignored boolean := false;
  owners text := 'user_id = (select auth.uid())';
begin
  if migrated then
    adopted := exists (select from queue_private.adopted_tables as each where each.existed);
  end if;
  -- The transition of an adopted app: see like_writes.sql.
  if to_regclass('queue_private.like_writes') is not null then
    like_writes := queue_private.like_writes_state();
    ignored := like_writes ->> 'mode' = 'transitional' and 2 = (
      select count(*) from pg_catalog.pg_trigger as t
      where t.tgrelid = posts and t.tgenabled <> 'D'
        and t.tgname in ('ignore_like_write_on_insert', 'ignore_like_write_on_update')
    );
  end if;
  return query
  with app_table (id, name) as (
    select each.id, 'public.' || c.relname
    from unnest(array[posts, ratings, comments]) as each (id) join pg_catalog.pg_class as c on c.oid = each.id
  ), client (name) as (
    values ('anon'), ('authenticated')
  ), child as (
    select t.id, t.name, a.attnum
    from app_table as t
    join pg_catalog.pg_attribute as a on a.attrelid = t.id and a.attname = 'post_id' and not a.attisdropped
    where t.id <> posts
  )
  select 'ratings_not_unique', 'critical', 'public.post_ratings',
    'nothing keeps a session from rating a post twice: a double click makes two ratings',
    case when migrated then 'alter table public.post_ratings add unique (post_id, session_id);' else queue_private.install_queue() end
  where ratings is not null and not exists (
    select from pg_catalog.pg_index as i
    where i.indrelid = ratings and i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null
      and i.indexprs is null and array(
        select a.attname::text from unnest(i.indkey::smallint[]) as key (attnum)
        join pg_catalog.pg_attribute as a on a.attrelid = ratings and a.attnum = key.attnum order by 1
      ) = array['post_id', 'session_id']
  )
  union all
  select 'foreign_key_missing', 'high', c.name || '.post_id',
    'no foreign key with "on delete cascade" leads to posts_new: a deleted post leaves its rows here'
    || case when migrated then '. Remove such rows before you add the key' else '' end,
    case when migrated
      then format('alter table %s add foreign key (post_id) references public.posts_new (id) on delete cascade;', c.name)
      else queue_private.install_queue() end
  from child as c
  where not exists (
    select from pg_catalog.pg_constraint as k
    where k.conrelid = c.id and k.contype = 'f' and k.confrelid = posts and k.conkey = array[c.attnum] and k.confdeltype = 'c'
  )
  union all
  select 'foreign_key_without_index', 'medium', c.name || '.post_id',
    'no index begins with post_id: each deleted post, and each list of a post''s rows, reads the whole table',
    case when migrated then format('create index on %s (post_id);', c.name) else queue_private.install_queue() end
  from child as c
  where not exists (
    select from pg_catalog.pg_index as i
    where i.indrelid = c.id and i.indisvalid and i.indpred is null and i.indkey[0] = c.attnum
  )
  union all
  select 'row_security_off', 'critical', t.name,
    'row level security is off: every client with a grant reads and writes every row',
    -- Before the migrations the app has no policies, and would read nothing any more.
    case when migrated then format('alter table %s enable row level security;', t.name) else queue_private.install_queue() end
  from app_table as t join pg_catalog.pg_class as c on c.oid = t.id
  where not c.relrowsecurity and not coalesce(expected -> 'row security' ? t.name and migrated, false)
  union all
  select case when ignored then 'like_writes_ignored' else 'likes_writable' end, case when ignored then 'low' else 'high' end,
    'public.posts_new.likes',
    case when ignored
      then 'old clients may still write likes, which is ignored. ' || format(
        case like_writes ->> 'ignored' when '0' then 'No client did so far' when '1' then 'It happened once, at %2$s'
          else 'It happened %1$s times, the last time at %2$s' end,
        like_writes ->> 'ignored',
        to_char((like_writes ->> 'last_ignored_at')::timestamptz at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'))
      else format('%s may write likes: counts are what clients say, and two at once lose one', string_agg(c.name, ' and '))
    end,
    case when ignored then queue_private.take_step('strict_likes', 'when no old front end is in use any more')
      when migrated then 'select queue_private.grant_post_columns();'
      else queue_private.install_queue() end
  from client as c
  where posts is not null and exists (
    select from pg_catalog.pg_attribute as a
    where a.attrelid = posts and a.attname = 'likes'
      and has_column_privilege(c.name, posts, a.attnum, 'insert, update')
  )
  having count(*) > 0
  union all
  select 'client_may_truncate', 'high', t.name,
    format('%s may truncate the table, which row level security does not stop', string_agg(c.name, ' and ')),
    format('revoke truncate, references, trigger on table %s from public, %s;', t.name, string_agg(c.name, ', '))
  from app_table as t cross join client as c
  where has_table_privilege(c.name, t.id, 'truncate')
  group by t.name
  union all
  select 'session_ids_public', 'medium', 'public.post_ratings',
    format('%s may read session ids, with which a like can be added or removed in another''s name', string_agg(c.name, ' and ')),
    case
      when adopted then queue_private.take_step('close_direct_ratings', 'when no front end writes ratings itself')
      when migrated then 'psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -1 -f supabase/optional/close_direct_ratings.sql'
      else queue_private.install_queue() end
  from client as c
  where ratings is not null and exists (
    select from pg_catalog.pg_attribute as a
    where a.attrelid = ratings and a.attname = 'session_id' and has_column_privilege(c.name, ratings, a.attnum, 'select')
  ) and (
    not (select rel.relrowsecurity from pg_catalog.pg_class as rel where rel.oid = ratings) or exists (
      select from pg_catalog.pg_policy as p
      where p.polrelid = ratings and p.polpermissive and p.polcmd in ('r', '*')
        and (p.polroles && array[0, (select r.oid from pg_catalog.pg_roles as r where r.rolname = c.name)]::oid[])
    )
  )
  having count(*) > 0
  union all
  select 'policy_open', 'high', t.name || '.' || p.polname,
    format('anybody may %s every row', case p.polcmd when 'd' then 'delete' when 'w' then 'change' else 'change and delete' end)
    || case
      when not migrated and t.id <> comments and p.polcmd <> 'd' then '. The old front end needs this: the steps of docs/adopt.md take it away'
      when not ignored then ''
      when t.id = posts and p.polcmd <> 'd' then '. Old front ends need this until strict_likes is taken'
      when t.id = ratings then '. Old front ends need this until close_direct_ratings is taken'
      else '' end,
    case
      when not migrated and t.id <> comments and p.polcmd <> 'd' then queue_private.install_queue()
      when adopted and t.id = ratings
        then queue_private.take_step('close_direct_ratings', 'when no front end writes ratings itself')
      when t.id = posts and exists (
        select from pg_catalog.pg_attribute as a
        where a.attrelid = posts and a.attname = 'user_id' and a.atttypid = 'uuid'::regtype
      ) then case when ignored and p.polcmd <> 'd' then E'-- When strict_likes is taken:\n' else '' end
        -- Without a check of its own the policy checks by what it uses.
        || format('alter policy %I on %s to authenticated using (%s)%s;', p.polname, t.name, owners,
          case when p.polwithcheck is null then '' else format(' with check (%s)', owners) end)
        || case when unread then E'\n' || format('create policy "everybody reads" on %s for select using (true);', t.name) else '' end
        || E'\n-- The way back, before an old front end is deployed again:\n-- '
        || format('alter policy %I on %s to %s using (true)%s;', p.polname, t.name, named.roles,
          case when p.polwithcheck is null then '' else format(' with check (%s)', pg_get_expr(p.polwithcheck, p.polrelid)) end)
        || case when unread then format(' drop policy "everybody reads" on %s;', t.name) else '' end
      else format('drop policy %I on %s; -- then make one that names the owner', p.polname, t.name)
    end
  from app_table as t
  join pg_catalog.pg_policy as p on p.polrelid = t.id
  cross join lateral (
    select string_agg(case when role_id = 0 then 'public' else role_id::regrole::text end, ', ') as roles
    from unnest(p.polroles) as role_id
  ) as named
  cross join lateral (
    select p.polcmd = '*' and not exists (
      select from pg_catalog.pg_policy as reading
      where reading.polrelid = t.id and reading.polcmd = 'r' and reading.polpermissive
    ) as unread
  ) as reading
  where p.polpermissive and p.polcmd in ('d', 'w', '*') and pg_get_expr(p.polqual, p.polrelid) = 'true'
    and not (p.polname = 'old clients name likes' and exists (
      select from pg_catalog.pg_trigger as g where g.tgrelid = posts and g.tgname = 'zzz_leave_others_posts' and g.tgenabled <> 'D'
    ))
    and exists (
      select from client as c
      where p.polroles && array[0, (select r.oid from pg_catalog.pg_roles as r where r.rolname = c.name)]::oid[]
        and (has_table_privilege(c.name, t.id, 'delete') or has_any_column_privilege(c.name, t.id, 'update'))
    )
  union all
  -- Our functions name the columns that they know. Ids and times get a default by the migrations.
  select 'column_required', 'high', t.name || '.' || a.attname,
    'the column may not be null and has no default, and ' || case when t.id = posts
      then 'POST /api/posts does not know it: unless a trigger fills it, each post by it fails'
      else '/api/ratings does not know it: unless a trigger fills it, each like by it fails' end,
    format('alter table %s alter column %I drop not null; -- or give it a default', t.name, a.attname)
  from app_table as t
  join pg_catalog.pg_attribute as a on a.attrelid = t.id and a.attnum > 0 and not a.attisdropped
  where t.id is distinct from comments and a.attnotnull and not a.atthasdef and a.attidentity = '' and a.attname <> all (
    case when t.id = posts then array['user_id', 'caption', 'image_url', 'likes', 'updated_at'] else array['post_id', 'session_id'] end
    || array['created_at'] || case when a.atttypid = 'uuid'::regtype then array['id'] else array[]::text[] end
  )
  union all
  select 'view_writable', 'high', v.id::regclass::text,
    format('%s may write through the view, with the rights of its owner', string_agg(c.name, ' and ')),
    format('revoke insert, update, delete on table %s from public, anon, authenticated;', v.id::regclass)
  from (
    with recursive built_on (id) as (
      select t.id::oid from app_table as t
      union
      select r.ev_class
      from built_on
      join pg_catalog.pg_depend as d
        on d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = built_on.id
          and d.classid = 'pg_catalog.pg_rewrite'::regclass
      join pg_catalog.pg_rewrite as r on r.oid = d.objid
    )
    select rel.oid as id
    from built_on
    join pg_catalog.pg_class as rel on rel.oid = built_on.id
    where rel.relkind = 'v' and pg_relation_is_updatable(rel.oid, false) <> 0 and not exists (
      select from pg_options_to_table(rel.reloptions) as o
      where o.option_name = 'security_invoker' and o.option_value::boolean
    )
  ) as v
  cross join client as c
  where has_any_column_privilege(c.name, v.id, 'insert') or has_any_column_privilege(c.name, v.id, 'update')
    or has_table_privilege(c.name, v.id, 'delete')
  group by v.id
  union all
  select 'column_nullable', 'medium', t.name || '.' || a.attname, 'the column may be null, where no null means anything',
    case when migrated then format('alter table %s alter column %I set not null;', t.name, a.attname) else queue_private.install_queue() end
  from app_table as t
  join pg_catalog.pg_attribute as a on a.attrelid = t.id and not a.attnotnull and not a.attisdropped
  where t.id = ratings and a.attname in ('post_id', 'session_id') or t.id = posts and a.attname = 'likes';
end
$$;
comment on function queue_private.diagnose_app is 'Whether the app''s tables can keep counts that are right.';
revoke all on function queue_private.diagnose_app from public, anon, authenticated;
grant execute on function queue_private.diagnose_app to service_role;

-- install_queue: the command that brings the migrations to an app, for whose history a push from our checkout is refused.
create or replace function queue_private.install_queue() returns text
language sql immutable
set search_path = ''
as $$ select 'make install-into DIR=../app # then, in the app: supabase db push --remote' $$;
comment on function queue_private.install_queue is 'The command that brings the migrations to an app.';
revoke all on function queue_private.install_queue from public, anon, authenticated;
grant execute on function queue_private.install_queue to service_role;

-- take_step: the command that takes an optional step of an adoption. What psql applies, Supabase's list does not know.
create or replace function queue_private.take_step(step text, moment text) returns text
language sql immutable
set search_path = ''
as $$
  select format(
    'make install-into DIR=../app ARGS="--add %s" # %s; then, in the app: supabase db push --remote',
    take_step.step, take_step.moment
  )
$$;
comment on function queue_private.take_step is 'The command that takes an optional step of an adoption.';
revoke all on function queue_private.take_step from public, anon, authenticated;
grant execute on function queue_private.take_step to service_role;
