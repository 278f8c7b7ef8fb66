-- take_like_call: how often a session, and an address, may change likes within a minute. Caller: change_like.
--
-- A window begins with the first call and ends a minute later. Its calls are counted in a row; a caller who finds the
-- row locked by another's open transaction counts in a row of its own. So nobody waits for anybody, however many share
-- an address, and a key has about as many rows as callers at once. What open transactions have counted is not seen yet:
-- a few calls more than the limit may pass at the same moment. A call that is refused is not counted.
-- Sessions and addresses are kept as 64-bit hashes, and with each new row up to four old ones go.
-- Unlogged: after a crash everybody starts from zero.
-- Returns null, or the number of seconds to wait when a limit is reached: the caller then raises, which undoes the count.
-- Its plans need the settings of change_like, which are in force here.
-- Locks: one counting row for each limit, skip locked. Safe to repeat: no, each call counts.

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
) returns integer
language plpgsql volatile
set search_path = ''
as $$
declare
  moment timestamptz := clock_timestamp();
  still_open timestamptz := moment - interval '1 minute';
  callers bigint[] := array[
    case when session_limit > 0 then hashtextextended(session_id, 1) end,
    case when address_limit > 0 then hashtextextended(address_hash, 2) end
  ];
  limits integer[] := array[session_limit, address_limit];
  full_since timestamptz;
  wait_seconds integer;
begin
  for each in 1..2 loop
    continue when callers[each] is null;
    -- What the rows sum up to is read in the same statement, hence without this call.
    update queue_private.like_calls as counting
    set calls = counting.calls + 1
    where counting.ctid = (
      select open.ctid
      from queue_private.like_calls as open
      where open.caller = callers[each] and open.window_began_at > still_open
      limit 1
      for update skip locked
    )
    returning (
      select case when sum(made.calls) >= limits[each] then min(made.window_began_at) end
      from queue_private.like_calls as made
      where made.caller = callers[each] and made.window_began_at > still_open
    ) into full_since;
    if not found then
      -- The first call within its minute, or others hold every row of this caller.
      select case when sum(made.calls) >= limits[each] then min(made.window_began_at) end into full_since
      from queue_private.like_calls as made
      where made.caller = callers[each] and made.window_began_at > still_open;
      insert into queue_private.like_calls (caller, window_began_at, calls) values (callers[each], moment, 1);
      delete from queue_private.like_calls as counting
      where counting.ctid = any (array(
        select old.ctid
        from queue_private.like_calls as old
        where old.window_began_at <= still_open
        order by old.window_began_at
        limit 4
        for update skip locked
      ));
    end if;
    wait_seconds := greatest(wait_seconds, ceil(extract(epoch from full_since - still_open)));
  end loop;
  return wait_seconds;
end
$$;
comment on function queue_private.take_like_call is
  'Count a like call of a session and of an address; the seconds to wait when it is one too many.';
revoke all on function queue_private.take_like_call from public, anon, authenticated;
grant execute on function queue_private.take_like_call to service_role;
