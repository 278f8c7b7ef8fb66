-- ask_for_post_images: whoever adds a post with an image, or gives a post another one, asks in the same transaction
-- for its process_image job. A post without its job, or a job without its post, cannot exist.
-- Caller: the triggers below, for every writer of posts_new. -> pending.
--
-- The key of a new post's job is process_image_<post id>; that of a later image has the image's hash behind it.
-- A key that is held is no proof that the image will be made: its job may be for another image (a post that was
-- deleted and came back), or has looked already, while there was no such post or another image was wanted, and only
-- settles later. So the triggers join a pending job for this very image, by a share lock on it, and ask for one
-- without a key when some other job holds the key. Claims skip locked rows: a joined job does not run before the
-- writer's transaction has ended, and then it finds the post as it left it.
-- An empty image_url is no image. Statement-level for inserts, so that 1,000 posts are one insert of jobs; row-level
-- for updates, because only then "of image_url" keeps the trigger away from the like sync, which updates posts all
-- the time.
-- Priority and attempts are those of the policy in lib/jobs/process_image.py, which a test ties; the jobs of a user with
-- many unfinished ones have a lower priority.
-- A user has a bounded number of unfinished image jobs (queue_private.limits), so that nobody fills the queue: the post
-- that would pass it is refused. Posts without a user count towards no limit, nor do those of a direct connection that
-- has taken no role: an operator's import.
-- Locks: an advisory lock for the users with new image work, in order, so that two statements cannot pass the limit
-- together; the pending jobs that it joins, for share, skip locked; the unique index on the key, on which it waits for
-- a claim or a settle of the key's holder, not for what the job does.
-- Errors: PT429 the user has too many unfinished image jobs.
-- The triggers are security definer: a user (authenticated) may add posts but may not write background_jobs. They run
-- as triggers only, and what the user chooses is the payload's image_url, which the job checks. See
-- docs/decisions/0009-post-trigger-is-security-definer.md.

-- limit_image_jobs: refuse when a user would have more unfinished image jobs than the limit, and return the priority of each
-- job that is asked for. Caller: ask_for_image_jobs, before it adds jobs. owners: the user of each job. A job that is joined
-- counts too.
-- Fairness: a user's first ten unfinished jobs have the policy's priority, each further twenty one less, down to 0. So a
-- flood waits behind the others' posts, and claims need not know of users. See docs/decisions/0038-a-flood-waits-behind-others.md.
-- squawk-ignore ban-drop-function
drop function if exists queue_private.limit_image_jobs(text[]);
create or replace function queue_private.limit_image_jobs(owners text[]) returns integer[]
language plpgsql volatile
set search_path = ''
set enable_seqscan = off
as $$
declare
  most integer;
  unfinished integer;
  is_beyond boolean;
  priorities integer[];
begin
  if coalesce(current_setting('role', true), 'none') = 'none' then
    return array(select 3 from unnest(owners));
  end if;
  -- The locks have to be taken after the sort. There are 1,024: a statement with the posts of thousands of users must not
  -- need more locks than the server has.
  perform pg_advisory_xact_lock(wanted.key)
  from (
    select distinct hashtextextended('image_jobs ' || (hashtextextended(each.owner, 0) & 1023), 0) as key
    from unnest(owners) as each (owner)
    where each.owner is not null
    order by key
    offset 0
  ) as wanted;
  select lim.value into most from queue_private.limits as lim where lim.name = 'unfinished_image_jobs_per_user';
  -- Statements of their own: their snapshots show what a statement that we waited for has added. One post, which is usual,
  -- needs no numbering.
  if cardinality(owners) = 1 then
    select count(*), array[case when count(*) < 10 then 3 else greatest(0, 3 - (count(*) + 10) / 20) end::integer]
    into unfinished, priorities
    from (
      select from public.background_jobs as job where job.owner = owners[1] limit most
    ) as counted;
    is_beyond := unfinished >= most and owners[1] is not null;
  else
    with held as materialized (
      select
        wanted.owner,
        (
          select count(*) from (
            select from public.background_jobs as job where job.owner = wanted.owner limit most
          ) as counted
        ) as unfinished
      from (select distinct each.owner from unnest(owners) as each (owner) where each.owner is not null) as wanted
    ), numbered as (
      select
        each.position,
        each.owner,
        coalesce(held.unfinished, 0) + row_number() over (partition by each.owner order by each.position) as number
      from unnest(owners) with ordinality as each (owner, position)
      left join held on held.owner = each.owner
    )
    select
      bool_or(numbered.owner is not null and numbered.number > most),
      array_agg(
        case
          when numbered.owner is null or numbered.number <= 10 then 3
          else greatest(0, 3 - (numbered.number + 9) / 20)
        end::integer
        order by numbered.position
      )
    into is_beyond, priorities
    from numbered;
  end if;
  if is_beyond then
    raise exception 'a user has at most % unfinished image jobs', most
      using errcode = 'PT429', hint = 'Try again when the images of earlier posts are made.';
  end if;
  return priorities;
end
$$;
comment on function queue_private.limit_image_jobs is 'Refuses image jobs beyond their user''s limit; the others'' priorities.';
revoke all on function queue_private.limit_image_jobs from public, anon, authenticated;

-- ask_for_image_jobs: the work of both triggers. It runs with their owner's rights. Nothing else calls it.
create or replace function queue_private.ask_for_image_jobs(
  post_ids uuid[], image_urls text[], keys text[], owners text[]
) returns void
language plpgsql volatile
set search_path = ''
set enable_seqscan = off
as $$
#variable_conflict use_variable
declare
  priorities integer[] := queue_private.limit_image_jobs(owners);
begin
  -- "not in", which is always a hash table: the planner takes these sets for small, and would compare each with each.
  with wanted as materialized (
    select
      jsonb_build_object('post_id', asked.post_id, 'image_url', asked.image_url) as payload,
      asked.key, asked.owner, asked.priority
    from unnest(post_ids, image_urls, keys, owners, priorities) as asked (post_id, image_url, key, owner, priority)
  ), joined as materialized (
    -- Lateral, so that each key is looked up: a join might walk the queue.
    select held.key
    from wanted
    cross join lateral (
      select job.idempotency_key as key
      from public.background_jobs as job
      where job.idempotency_key = wanted.key and job.status = 'pending'
        and job.job_type = 'process_image' and job.payload = wanted.payload
      for share skip locked
    ) as held
  ), missing as materialized (
    select wanted.*
    from wanted
    where wanted.key not in (select joined.key from joined)
  ), added as (
    insert into public.background_jobs as job (job_type, payload, priority, max_attempts, idempotency_key, owner)
    select 'process_image', missing.payload, missing.priority, 4, missing.key, missing.owner
    from missing
    on conflict (idempotency_key) where idempotency_key is not null do nothing
    returning job.idempotency_key as key
  )
  insert into public.background_jobs (job_type, payload, priority, max_attempts, owner)
  select 'process_image', missing.payload, missing.priority, 4, missing.owner
  from missing
  where missing.key not in (select added.key from added);
end
$$;
revoke all on function queue_private.ask_for_image_jobs from public, anon, authenticated;

create or replace function queue_private.ask_for_post_images() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
#variable_conflict use_variable
begin
  perform queue_private.ask_for_image_jobs(
    array_agg(added.id), array_agg(added.image_url), array_agg('process_image_' || added.id),
    array_agg(added.user_id::text)
  )
  from added
  where added.image_url <> '';
  return null;
end
$$;
comment on function queue_private.ask_for_post_images is 'Asks for the image work of new posts.';
revoke all on function queue_private.ask_for_post_images from public, anon, authenticated;

create or replace function queue_private.ask_for_changed_post_image() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  perform queue_private.ask_for_image_jobs(
    array[new.id], array[new.image_url], array['process_image_' || new.id || '_' || md5(new.image_url)],
    array[new.user_id::text]
  );
  return null;
end
$$;
comment on function queue_private.ask_for_changed_post_image is 'Asks for the image work of a post that got another image.';
revoke all on function queue_private.ask_for_changed_post_image from public, anon, authenticated;

create or replace trigger ask_for_post_images
after insert on public.posts_new
referencing new table as added
for each statement execute function queue_private.ask_for_post_images();

create or replace trigger ask_for_changed_post_image
after update of image_url on public.posts_new
for each row when (new.image_url is distinct from old.image_url and new.image_url <> '')
execute function queue_private.ask_for_changed_post_image();
