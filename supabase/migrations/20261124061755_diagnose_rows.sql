-- diagnose_rows: rows of the app's tables that are wrong: second ratings, counts that drifted, rows of posts that are gone.
-- Works on an app before its migration too. Caller: diagnose. Locks: none.
--
-- Bounded: what a constraint excludes is not looked for, and of a table the first max_rows rows are read, in the order in
-- which they lie. Of larger tables 1,000 posts drawn by lot are counted, each up to 10,000 ratings; without an index on
-- post_id, which is a finding of its own, not one. A message says when it is about a part. enable_seqscan stays on: a scan of the first rows is what is wanted.
create or replace function queue_private.diagnose_rows(max_rows integer)
returns table (code text, severity text, subject text, message text, mend text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  migrated boolean := to_regclass('queue_private.adopted_tables') is not null;
  child text;
  counted bigint;
  looked_at bigint;
  example text;
  syncing text := '';
begin
  if to_regclass('public.post_ratings') is null or to_regclass('public.posts_new') is null then
    return;
  end if;
  -- Columns that the migrations add, or without which they do not begin.
  if 3 <> (
    select count(*)
    from (values
      ('post_ratings', 'post_id'), ('post_ratings', 'session_id'), ('posts_new', 'likes')
    ) as wanted (table_name, name)
    join pg_catalog.pg_attribute as a on a.attrelid = to_regclass('public.' || wanted.table_name) and a.attname = wanted.name
    join pg_catalog.pg_type as t on t.oid = a.atttypid
    where not a.attisdropped and (wanted.name <> 'likes' or t.typcategory = 'N')
  ) then
    return;
  end if;

  if not exists (
    select from pg_catalog.pg_index as i
    where i.indrelid = 'public.post_ratings'::regclass and i.indisunique and i.indisvalid and i.indpred is null
      and i.indexprs is null and array(
        select a.attname::text from unnest(i.indkey::smallint[]) as key (attnum)
        join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = key.attnum order by 1
      ) = array['post_id', 'session_id']
  ) then
    -- Dynamic, as below: an adopted table's columns have types of its own.
    execute $query$
      select sum(again.copies - 1), min(again.post_id::text)
      from (
        select part.post_id, count(*) as copies
        from (select r.post_id, r.session_id from public.post_ratings as r limit $1) as part
        where part.post_id is not null and part.session_id is not null
        group by part.post_id, part.session_id having count(*) > 1
      ) as again
    $query$ into counted, example using max_rows;
    if counted > 0 then
      return query select 'duplicate_ratings', 'critical', 'public.post_ratings',
        case when counted = 1
          then format('1 rating is too many: it is a session''s second one of post %s', example)
          else format('%s ratings are too many: each is a session''s second one of a post, such as post %s', counted, example)
        end || queue_private.of_the_first('public.post_ratings', max_rows),
        case when migrated then 'delete from public.post_ratings as r using public.post_ratings as first '
          || 'where first.post_id = r.post_id and first.session_id = r.session_id and first.ctid < r.ctid;'
          else queue_private.install_queue() end;
    end if;
  end if;

  for child in
    select t.name
    from unnest(array['post_ratings', 'comments']) as t (name)
    join pg_catalog.pg_attribute as a
      on a.attrelid = to_regclass('public.' || t.name) and a.attname = 'post_id' and not a.attisdropped
    where not exists (
      select from pg_catalog.pg_constraint as k
      join pg_catalog.pg_trigger as g on g.tgconstraint = k.oid and g.tgrelid = k.conrelid
      where k.conrelid = a.attrelid and k.contype = 'f' and k.conkey = array[a.attnum] and k.convalidated
        and k.confrelid = 'public.posts_new'::regclass and g.tgenabled = 'O'
    )
  loop
    execute format($query$
      select count(*), min(part.post_id::text)
      from (select r.post_id from public.%I as r limit $1) as part
      where part.post_id is null
        or not exists (select from public.posts_new as post where post.id = part.post_id)
    $query$, child) into counted, example using max_rows;
    if counted > 0 then
      return query select 'orphaned_' || case child when 'comments' then 'comments' else 'ratings' end,
        case child when 'comments' then 'medium' else 'high' end, 'public.' || child,
        case when counted = 1 then '1 row belongs to no post' || coalesce(': post ' || example || ' is gone', '')
          else counted || ' rows belong to no post' || coalesce(': post ' || example || ' is gone, for example', '')
        end || queue_private.of_the_first('public.' || child, max_rows),
        case when migrated then format('delete from public.%I as r where not exists '
          '(select from public.posts_new as post where post.id = r.post_id);', child) else queue_private.install_queue() end;
    end if;
  end loop;

  -- A post whose sync is still to come is not adrift.
  if migrated then
    syncing := $and$ and not exists (
      select from public.background_jobs as job
      where job.job_type = 'sync_like_count' and job.payload ->> 'post_id' = post.id::text offset 0
    ) $and$;
  end if;
  execute 'select count(*) from (select from public.post_ratings limit $1 + 1) as part' into looked_at using max_rows;
  if looked_at <= max_rows then
    execute format($query$
      with rated as materialized (select r.post_id, count(*) as ratings from public.post_ratings as r group by r.post_id)
      select count(*), min(post.id::text)
      from (select p.id, p.likes from public.posts_new as p limit $1) as post
      left join rated on rated.post_id = post.id
      where coalesce(post.likes, -1) <> coalesce(rated.ratings, 0) %s
    $query$, syncing) into counted, example using max_rows;
    looked_at := null;
  elsif exists (
    select from pg_catalog.pg_index as i
    join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
    where i.indrelid = 'public.post_ratings'::regclass and a.attname = 'post_id' and i.indisvalid and i.indpred is null
  ) then
    execute format($query$
      select count(*) filter (where drifting.wrong), min(drifting.id::text) filter (where drifting.wrong), count(*)
      from (
        select post.id, coalesce(post.likes, -1) <> rated.ratings
          and (rated.ratings <= 10000 or coalesce(post.likes, -1) <= 10000) %s as wrong
        from (
          select p.id, p.likes from public.posts_new as p tablesample system ($1) limit 1000
        ) as post
        cross join lateral (
          select count(*) as ratings
          from (select from public.post_ratings as r where r.post_id = post.id limit 10001) as up_to_the_limit
        ) as rated
      ) as drifting
    $query$, syncing) into counted, example, looked_at using (
      -- Of each page all rows or not one; some more pages than 1,000 posts need.
      select least(100, 200000 / greatest(c.reltuples, 1)) from pg_catalog.pg_class as c
      where c.oid = 'public.posts_new'::regclass
    );
  end if;
  if counted > 0 then
    return query select 'like_drift', 'high', 'public.posts_new',
      case when counted = 1
        then format('1 post has a like count that is not the number of its ratings: %s', example)
        else format('%s posts have a like count that is not the number of their ratings, such as %s', counted, example)
      end || coalesce(' (of ' || looked_at || ' that were looked at)', '')
      -- The repair removes second ratings first: a count that they had made right is wrong then.
      || case when migrated then '' else '; the migrations count without second ratings, and may correct more' end,
      case when migrated then format('select public.sync_post_like_count(%L); -- all: select public.audit_like_counts();', example)
        else queue_private.install_queue() end;
  end if;
end
$$;
comment on function queue_private.diagnose_rows is 'Rows of the app''s tables that are wrong.';
revoke all on function queue_private.diagnose_rows from public, anon, authenticated;
grant execute on function queue_private.diagnose_rows to service_role;

-- of_the_first: says that a table was not read to its end, by what its size is estimated to be.
create or replace function queue_private.of_the_first(table_name text, max_rows integer) returns text
language sql stable
set search_path = ''
as $$
  select case when c.reltuples > max_rows then format(' (among the first %s rows)', max_rows) else '' end
  from pg_catalog.pg_class as c where c.oid = to_regclass(of_the_first.table_name)
$$;
comment on function queue_private.of_the_first is 'Says that a table was not read to its end.';
revoke all on function queue_private.of_the_first from public, anon, authenticated;
grant execute on function queue_private.of_the_first to service_role;
