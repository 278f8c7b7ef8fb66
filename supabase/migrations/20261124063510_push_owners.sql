-- own_push_endpoints: an endpoint is one browser, and belongs to whoever signed in there last. Other users' rows of the
-- endpoint go, so that nobody's messages are pushed to another account's screen. A user has a bounded number of rows.
-- Caller: the triggers below, at each insert and at each change of an endpoint or a user.
-- Security definer: row level security hides the other users' rows from the user who adds one. The function takes no
-- argument, runs as a trigger only, and deletes only rows of an endpoint that its caller has just written.
-- Whoever knows an endpoint can end its pushes: an endpoint is a secret of its browser (RFC 8030, section 8.3).
-- Locks: advisory locks for the users and the endpoints, in order, until the transaction ends, so that of two inserts at once
-- the later one finds the row of the earlier one. There are 1,024 of them: a request with 20,000 rows must not take all locks
-- that the server has. Then the rows that go.
-- Errors: PT429 the user has too many subscriptions; PT403 the user was removed (a token lives on for an hour). Safe to repeat: yes.
create or replace function queue_private.own_push_endpoints() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
declare
  most integer;
begin
  -- Not in a query with "order by" alone: the locks have to be taken after the sort.
  perform pg_advisory_xact_lock(wanted.key)
  from (
    select distinct hashtextextended('push_subscriptions ' || (hashtextextended(each.owned, 0) & 1023), 0) as key
    from written cross join lateral (values (written.user_id::text), (written.endpoint)) as each (owned)
    order by key
    offset 0
  ) as wanted;
  if exists (
    select from (select distinct written.user_id from written) as owner where not queue_private.hold_user(owner.user_id)
  ) then
    raise exception 'the user was removed' using errcode = 'PT403';
  end if;
  delete from public.push_subscriptions as other
  using written
  where other.endpoint = written.endpoint and other.user_id <> written.user_id;
  if tg_op = 'UPDATE' then
    -- An update adds no row: record_push must not fail when an operator has lowered the limit.
    return null;
  end if;
  select lim.value into most from queue_private.limits as lim where lim.name = 'push_subscriptions_per_user';
  if exists (
    select from (select distinct written.user_id from written) as owner
    where (
      select count(*) from (
        select from public.push_subscriptions as own where own.user_id = owner.user_id limit most + 1
      ) as counted
    ) > most
  ) then
    raise exception 'a user has at most % push subscriptions', most
      using errcode = 'PT429', hint = 'Remove the subscriptions of browsers that are no longer used.';
  end if;
  return null;
end
$$;
comment on function queue_private.own_push_endpoints is 'Removes other users'' rows of the endpoints that were written.';
revoke all on function queue_private.own_push_endpoints from public, anon, authenticated;

-- Rows from before the triggers: the newest one of each endpoint stays.
delete from public.push_subscriptions as older
using public.push_subscriptions as newer
where newer.endpoint = older.endpoint and (newer.created_at, newer.id) > (older.created_at, older.id);

create or replace trigger own_push_endpoints_on_insert
after insert on public.push_subscriptions
referencing new table as written
for each statement execute function queue_private.own_push_endpoints();

-- It runs at each change of refusals too, which is rare. A trigger with a transition table cannot name columns.
create or replace trigger own_push_endpoints_on_update
after update on public.push_subscriptions
referencing new table as written
for each statement execute function queue_private.own_push_endpoints();
