-- take_like_call: how often a session, and an address, may change likes within a minute. Caller: change_like.
--
-- A window begins with the first call and ends a minute later. Its calls are counted in a row; a caller who finds the
-- row locked by another's open transaction counts in a row of its own. So nobody waits for anybody, however many share
-- an address, and a key has about as many rows as callers at once. What open transactions have counted is not seen yet:
-- a few calls more than the limit may pass at the same moment. A call that is refused is not counted.
-- Sessions and addresses are kept as 64-bit hashes, and an old row goes when new ones come: two for each.
-- Unlogged: after a crash everybody starts from zero.
-- Locks: one counting row for each limit, skip locked. Safe to repeat: no, each call counts.
-- Errors: PT429 (HTTP 429) the limit is reached; the detail is the number of seconds to wait.

create unlogged table if not exists queue_private.like_calls (
  caller bigint not null,
  window_began_at timestamptz not null,
  calls integer not null
) with (fillfactor = 50);
comment on table queue_private.like_calls is 'How many like calls a session or an address made in its minute.';
comment on column queue_private.like_calls.caller is 'A hash of the session or the address.';
-- Serves take_like_call.
create index if not exists like_calls_caller_idx on queue_private.like_calls (caller, window_began_at);
-- Serves the removal of old rows.
create index if not exists like_calls_window_idx on queue_private.like_calls (window_began_at);
alter table queue_private.like_calls enable row level security;
revoke all on table queue_private.like_calls from public, anon, authenticated;
grant select, insert, update, delete on table queue_private.like_calls to service_role;

create or replace function queue_private.take_like_call(
  session_id text, session_limit integer, address_hash text, address_limit integer
) returns void
language plpgsql volatile
set search_path = ''
set enable_seqscan = off
as $$
declare
  moment timestamptz := clock_timestamp();
  still_open timestamptz := moment - interval '1 minute';
  session_key bigint := case when session_limit > 0 then hashtextextended(session_id, 1) end;
  address_key bigint := case when address_limit > 0 then hashtextextended(address_hash, 2) end;
  wanted bigint[] := array_remove(array[session_key, address_key], null);
  counted bigint[];
  by_session bigint;
  by_address bigint;
  oldest_by_session timestamptz;
  oldest_by_address timestamptz;
  wait_seconds integer;
begin
  if cardinality(wanted) = 0 then
    return;
  end if;
  select
    sum(counting.calls) filter (where counting.caller = session_key), sum(counting.calls) filter (where counting.caller = address_key),
    min(counting.window_began_at) filter (where counting.caller = session_key),
    min(counting.window_began_at) filter (where counting.caller = address_key)
  into by_session, by_address, oldest_by_session, oldest_by_address
  from queue_private.like_calls as counting
  where counting.caller = any (wanted) and counting.window_began_at > still_open;

  if by_session >= session_limit or by_address >= address_limit then
    wait_seconds := greatest(1, ceil(extract(epoch from interval '1 minute' - (moment - greatest(
      case when by_session >= session_limit then oldest_by_session end,
      case when by_address >= address_limit then oldest_by_address end
    )))));
    raise exception 'too many likes within a minute'
      using errcode = 'PT429', detail = wait_seconds, hint = format('Try again in %s seconds.', wait_seconds);
  end if;

  with taken as (
    update queue_private.like_calls as counting
    set calls = counting.calls + 1
    where counting.ctid = any (array(
      select free.place
      from unnest(wanted) as each (caller)
      cross join lateral (
        select open.ctid as place
        from queue_private.like_calls as open
        where open.caller = each.caller and open.window_began_at > still_open
        limit 1
        for update skip locked
      ) as free
    ))
    returning counting.caller
  )
  select array_agg(taken.caller) into counted from taken;

  if cardinality(counted) = cardinality(wanted) then
    return;
  end if;
  insert into queue_private.like_calls (caller, window_began_at, calls)
  select each.caller, moment, 1
  from unnest(wanted) as each (caller)
  where each.caller <> all (coalesce(counted, '{}'));
  delete from queue_private.like_calls as counting
  where counting.ctid = any (array(
    select old.ctid
    from queue_private.like_calls as old
    where old.window_began_at <= still_open
    order by old.window_began_at
    limit 4
    for update skip locked
  ));
end
$$;
comment on function queue_private.take_like_call is 'Count a like call of a session and of an address, or refuse it.';
revoke all on function queue_private.take_like_call from public, anon, authenticated;
grant execute on function queue_private.take_like_call to service_role;
