-- The rule for posts_new.image_url, whoever writes: an http or https URL, or the path of a file in IMAGE_BUCKET; at most
-- 2,048 characters, not one of them a control character. Others would be stored and served to every reader, such as
-- javascript:. Empty is no image. lib/services/posts.py and lib/outside/images/places.py have the same rule; which hosts
-- are allowed is a setting of theirs.
--
-- It is a check constraint where every row keeps it: of a table that the migrations make, and of most adopted ones.
-- An adopted table with older rows that break it gets triggers instead, which look at new values only. A constraint that
-- is "not valid" would not do: Postgres checks it at every update of an old row, so the likes of such a post could never
-- be written again. Applying this file after those rows were mended makes it a constraint.
-- Both come before the triggers that enqueue, so a refusal shows no row of another table.
-- Locks: posts_new, when something has to change. Safe to repeat: yes.
create or replace function queue_private.refuse_image_url() returns trigger
language plpgsql volatile
set search_path = ''
as $$
#variable_conflict use_variable
begin
  raise exception 'image_url breaks the rule "posts_new_image_url_is_a_url_or_a_path"'
    using errcode = '23514', constraint = 'posts_new_image_url_is_a_url_or_a_path',
      hint = 'It is an http(s) URL or the path of a file, of at most 2048 characters.';
end
$$;
comment on function queue_private.refuse_image_url is 'Refuses the image_url of a new or changed post.';
revoke all on function queue_private.refuse_image_url from public, anon, authenticated;

-- is_image_url: whether an image_url keeps the rule. Caller: list_posts, which shows no other: older rows of an adopted table
-- may break it. The table's own rule is below, for a constraint must not depend on a function that may be replaced.
create or replace function queue_private.is_image_url(image_url text) returns boolean
language plpgsql immutable
set search_path = ''
as $$
begin
  return image_url = ''
    or char_length(image_url) <= 2048 and image_url !~ '[[:cntrl:]]' and (
      image_url ~* '^https?://[^/\\]'
      or image_url ~ '^(/[^/\\]+|[^/\\:]+)(/[^/\\]+)*$' and image_url !~ '(^|/)[.][.]?(/|$)'
    );
end
$$;
comment on function queue_private.is_image_url is 'Whether an image_url keeps the rule.';
revoke all on function queue_private.is_image_url from public, anon, authenticated;
grant execute on function queue_private.is_image_url to service_role;

do $$
declare
  -- %1$s: the column.
  rule text := $rule$
    %1$s::text = ''
    or char_length(%1$s::text) <= 2048 and %1$s::text !~ '[[:cntrl:]]' and (
      %1$s::text ~* '^https?://[^/\\]'
      or %1$s::text ~ '^(/[^/\\]+|[^/\\:]+)(/[^/\\]+)*$' and %1$s::text !~ '(^|/)[.][.]?(/|$)'
    )
  $rule$;
  on_column text := format(rule, 'image_url');
  on_new text := format(rule, 'new.image_url');
  is_kept boolean;
begin
  if exists (
    select from pg_catalog.pg_constraint as c
    where c.conrelid = 'public.posts_new'::regclass and c.conname = 'posts_new_image_url_is_a_url_or_a_path'
  ) then
    return;
  end if;
  execute format('select not exists (select from public.posts_new where not (%s))', on_column) into is_kept;
  if is_kept then
    drop trigger if exists refuse_image_url_on_insert on public.posts_new;
    drop trigger if exists refuse_image_url_on_update on public.posts_new;
    execute format(
      'alter table public.posts_new add constraint posts_new_image_url_is_a_url_or_a_path check (%s)', on_column
    );
    return;
  end if;
  raise notice 'posts_new has rows whose image_url is no http(s) URL and no path: they stay, new ones are refused';
  execute format(
    'create or replace trigger refuse_image_url_on_insert before insert on public.posts_new
     for each row when (not (%s)) execute function queue_private.refuse_image_url()', on_new
  );
  execute format(
    'create or replace trigger refuse_image_url_on_update before update of image_url on public.posts_new
     for each row when (new.image_url is distinct from old.image_url and not (%s))
     execute function queue_private.refuse_image_url()', on_new
  );
end
$$;
