-- like_writes: what becomes of a client's own write to posts_new.likes. Two modes:
--   transitional   it is ignored, and counted. An adopted app begins here: until its new front end is everywhere, old code
--                  still inserts a rating and then updates likes, inserts posts with "likes: 0", and upserts whole rows.
--   strict         it is refused with 42501. A new database begins here; supabase/optional/strict_likes.sql ends the
--                  transition, supabase/rollback/strict_likes.sql goes back to it.
-- A client is whoever has taken the role anon or authenticated, also in a function of the app's that runs with its
-- owner's rights. The like sync, the server and direct connections write likes as ever.
--
-- In the transition a trigger before the row gives likes its true value back: at an update that of the row's newest version,
-- which the update has locked, so a sync that commits meanwhile is not undone; at an insert 0. Where no rules of the app's
-- hold, the same for created_at, which clients do not set there. There an update of another's post, as every like was,
-- would reach no row, and a client that asks for the row back would get an error for a like that counts. So
-- there the policy lets it reach the row, and a trigger leaves the whole row as it was. Triggers run by their names: it is
-- the last one, after those of the app that set updated_at. The policy is for those two roles only, as the triggers are: a
-- role of the app's that is a member of authenticated would inherit it.
-- The count is a sequence: no row that raters would wait for. It counts attempts, of transactions that fail too. An insert
-- with "likes: 0" cannot be told from one without likes.

create table if not exists queue_private.like_writes (
  only_row boolean primary key default true,
  mode text not null,
  decided_at timestamptz not null default now(),
  constraint like_writes_has_one_row check (only_row),
  constraint like_writes_mode_is_known check (mode in ('transitional', 'strict'))
);
comment on table queue_private.like_writes is 'Whether a client''s write to posts_new.likes is ignored or refused.';
alter table queue_private.like_writes enable row level security;
revoke all on table queue_private.like_writes from public, anon, authenticated;
grant select on table queue_private.like_writes to service_role;
insert into queue_private.like_writes (mode)
select case when each.existed then 'transitional' else 'strict' end
from queue_private.adopted_tables as each where each.table_name = 'posts_new'
on conflict do nothing;

create sequence if not exists queue_private.ignored_like_writes;
comment on sequence queue_private.ignored_like_writes is 'How many writes of clients to likes were ignored.';
create sequence if not exists queue_private.ignored_like_write_at;
comment on sequence queue_private.ignored_like_write_at is 'When the last one was, in seconds since 1970.';
revoke all on sequence queue_private.ignored_like_writes, queue_private.ignored_like_write_at
  from public, anon, authenticated;
grant select on sequence queue_private.ignored_like_writes, queue_private.ignored_like_write_at to service_role;

-- like_writes_state: for operators. ignored and last_ignored_at are of the whole transition.
create or replace function queue_private.like_writes_state() returns jsonb
language plpgsql stable
set search_path = ''
as $$
begin
  return jsonb_build_object(
    'mode', (select each.mode from queue_private.like_writes as each),
    'since', (select each.decided_at from queue_private.like_writes as each),
    'ignored', (select case when counter.is_called then counter.last_value else 0 end
      from queue_private.ignored_like_writes as counter),
    'last_ignored_at', (select case when clock.is_called then to_timestamp(clock.last_value) end
      from queue_private.ignored_like_write_at as clock)
  );
end
$$;
comment on function queue_private.like_writes_state is 'The mode of like writes, and how many were ignored.';
revoke all on function queue_private.like_writes_state from public, anon, authenticated;
grant execute on function queue_private.like_writes_state to service_role;

-- ignore_like_write: the trigger of the transition. Security definer: clients may not use our sequences.
-- Its argument says whether created_at is given back too.
create or replace function queue_private.ignore_like_write() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    if new.likes is not distinct from 0 then
      null;
    else
      perform nextval('queue_private.ignored_like_writes'),
        setval('queue_private.ignored_like_write_at', extract(epoch from clock_timestamp())::bigint);
    end if;
    new.likes := 0;
    if tg_argv[0] = 'likes and created_at' then
      new.created_at := now();
    end if;
    return new;
  end if;
  perform nextval('queue_private.ignored_like_writes'),
    setval('queue_private.ignored_like_write_at', extract(epoch from clock_timestamp())::bigint);
  new.likes := old.likes;
  if tg_argv[0] = 'likes and created_at' then
    new.created_at := old.created_at;
  end if;
  return new;
end
$$;
comment on function queue_private.ignore_like_write is 'Gives likes its true value back, whatever a client wrote.';
revoke all on function queue_private.ignore_like_write from public, anon, authenticated;

-- leave_others_posts: called by the trigger beside the policy "old clients name likes": another's post stays as it was, and a post
-- stays its user's.
create or replace function queue_private.leave_others_posts() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  if old.user_id is null or old.user_id::text is distinct from (select auth.uid())::text then
    return old;
  end if;
  new.user_id := old.user_id;
  return new;
end
$$;
comment on function queue_private.leave_others_posts is 'Leaves a post that a client does not own as it was.';
revoke all on function queue_private.leave_others_posts from public, anon, authenticated;

-- grant_post_columns: writing posts, column by column: what a client had, an adopted table's own columns too, but likes
-- unless such writes are ignored. Where no rules of the app's hold, created_at neither: a post of tomorrow would stay the
-- newest. updated_at only where no app can be used to writing it. id stays: clients may choose it, and an upsert names it.
-- Callers: app_access.sql, refuse_like_writes.
create or replace function queue_private.grant_post_columns() returns void
language plpgsql volatile
set search_path = ''
as $$
#variable_conflict use_variable
declare
  posts queue_private.adopted_tables;
  forbidden text[];
  grants text[];
  each_grant text;
begin
  select * into strict posts from queue_private.adopted_tables as each where each.table_name = 'posts_new';
  forbidden := case
    when not posts.existed then array['likes', 'created_at', 'updated_at']
    when (select each.mode from queue_private.like_writes as each) = 'transitional' then '{}'
    when not posts.had_row_security then array['likes', 'created_at']
    else array['likes']
  end;
  -- Before the revoke, which takes what columns and public have along.
  grants := array(
    select format(
      'grant %s (%s) on table public.posts_new to %I',
      privilege, string_agg(format('%I', a.attname), ', ' order by a.attnum), client
    )
    from pg_catalog.pg_attribute as a,
      unnest(array['anon', 'authenticated']) as client,
      unnest(array['insert', 'update']) as privilege
    where a.attrelid = 'public.posts_new'::regclass and a.attnum > 0 and not a.attisdropped
      and a.attname <> all (forbidden)
      and (
        not posts.existed and posts.access_decided_at is null
        or has_column_privilege(client, a.attrelid, a.attnum, privilege)
      )
    group by client, privilege
    order by client, privilege
  );
  revoke insert, update on table public.posts_new from public, anon, authenticated;
  foreach each_grant in array grants loop
    execute each_grant;
  end loop;
end
$$;
comment on function queue_private.grant_post_columns is 'Give clients the columns of posts_new that they may write.';
revoke all on function queue_private.grant_post_columns from public, anon, authenticated;

-- refuse_like_writes: from transitional to strict. Caller: supabase/optional/strict_likes.sql, as the owner.
-- Locks: posts_new, which everybody waits for, for a moment. Safe to repeat: yes.
create or replace function queue_private.refuse_like_writes() returns void
language plpgsql volatile
set search_path = ''
as $$
#variable_conflict use_variable
begin
  update queue_private.like_writes set mode = 'strict', decided_at = now() where mode = 'transitional';
  if not found then
    return;
  end if;
  perform queue_private.begin_app_changes('strict_likes');
  drop trigger if exists ignore_like_write_on_insert on public.posts_new;
  drop trigger if exists ignore_like_write_on_update on public.posts_new;
  drop trigger if exists zzz_leave_others_posts on public.posts_new;
  drop policy if exists "old clients name likes" on public.posts_new;
  perform queue_private.grant_post_columns();
  perform queue_private.end_app_changes('strict_likes');
end
$$;
comment on function queue_private.refuse_like_writes is 'End the transition: clients that write likes are refused.';
revoke all on function queue_private.refuse_like_writes from public, anon, authenticated;

-- The triggers of the transition, where it is on and they are missing.
do $$
declare
  posts queue_private.adopted_tables;
  client constant text := $condition$(current_setting('role', true) in ('anon', 'authenticated'))$condition$;
begin
  select each.* into strict posts from queue_private.adopted_tables as each where each.table_name = 'posts_new';
  if (select each.mode from queue_private.like_writes as each) <> 'transitional' or exists (
    select from pg_catalog.pg_trigger as t
    where t.tgrelid = 'public.posts_new'::regclass and t.tgname = 'ignore_like_write_on_update'
  ) then
    return;
  end if;
  execute format(
    'create trigger ignore_like_write_on_insert before insert on public.posts_new
     for each row when %s execute function queue_private.ignore_like_write(%L)',
    client, case when posts.had_row_security then 'likes' else 'likes and created_at' end
  );
  execute format(
    'create trigger ignore_like_write_on_update before update of %s on public.posts_new
     for each row when %s execute function queue_private.ignore_like_write(%L)',
    case when posts.had_row_security then 'likes' else 'likes, created_at' end, client,
    case when posts.had_row_security then 'likes' else 'likes and created_at' end
  );
  if not posts.had_row_security then
    create policy "old clients name likes" on public.posts_new for update to anon, authenticated
      using ((select current_setting('role', true)) in ('anon', 'authenticated'))
      with check ((select current_setting('role', true)) in ('anon', 'authenticated'));
    execute format(
      'create trigger zzz_leave_others_posts before update on public.posts_new
       for each row when %s execute function queue_private.leave_others_posts()', client
    );
  end if;
end
$$;
