-- readable_json: the same JSON, or a note when it is such that readers cannot take it: more than 64 KiB, more than 64 levels,
-- or a number of more than 308 digits, which Postgres writes out and Python does not read. settle_jobs stores no such result;
-- whoever writes the tables directly may. Caller: find_jobs. Locks: none. Safe to repeat: yes.
create or replace function queue_private.readable_json(value jsonb) returns jsonb
language plpgsql immutable
set search_path = ''
as $$
begin
  return case
    when octet_length(value::text) > 65536 or jsonb_path_exists(value, '$.**{64 to last}')
      or value::text ~ '([0-9]{103}){3}' and jsonb_path_exists(value, '$.** ? (@ > 1e308 || @ < -1e308)')
    then jsonb_build_object('note', 'this is too long, too deep, or has a number of more than 308 digits: see the table')
    else value
  end;
end
$$;
comment on function queue_private.readable_json is 'The same JSON, or a note when readers cannot take it.';
revoke all on function queue_private.readable_json from public, anon, authenticated;
grant execute on function queue_private.readable_json to service_role;

-- readable_attempts: an attempt_log, or null when it is none that log_attempt made.
create or replace function queue_private.readable_attempts(attempt_log jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  moment text := '^[0-9]{4}-[0-9]{2}-[0-9]{2}T';
begin
  if attempt_log is null or jsonb_typeof(attempt_log) <> 'array' or octet_length(attempt_log::text) > 65536 then
    return null;
  end if;
  if exists (
    select from jsonb_array_elements(attempt_log) as each (attempt)
    where case jsonb_typeof(each.attempt)
      when 'object' then
        coalesce(jsonb_typeof(each.attempt -> 'outcome') <> 'string', true)
        or coalesce(jsonb_typeof(each.attempt -> 'error') not in ('string', 'null'), true)
        or coalesce(jsonb_typeof(each.attempt -> 'worker_id') not in ('string', 'null'), true)
        or coalesce(each.attempt ->> 'started_at' !~ moment, not each.attempt ? 'started_at')
        or coalesce(each.attempt ->> 'ended_at' !~ moment, true)
        or coalesce(not pg_input_is_valid(each.attempt ->> 'started_at', 'timestamptz'), false)
        or not pg_input_is_valid(each.attempt ->> 'ended_at', 'timestamptz')
      else true
    end
  ) then
    return null;
  end if;
  return attempt_log;
end
$$;
comment on function queue_private.readable_attempts is 'An attempt_log, or null when it is none.';
revoke all on function queue_private.readable_attempts from public, anon, authenticated;
grant execute on function queue_private.readable_attempts to service_role;

-- readable_time: the nearest time in the years 1 to 9999, with which other programs' calendars end.
create or replace function queue_private.readable_time(moment timestamptz) returns timestamptz
language plpgsql immutable
set search_path = ''
as $$
begin
  if moment is null then
    return null;
  end if;
  return least(greatest(moment, '0001-01-02 00:00:00Z'), '9999-12-30 00:00:00Z');
end
$$;
comment on function queue_private.readable_time is 'The nearest time in the years 1 to 9999.';
revoke all on function queue_private.readable_time from public, anon, authenticated;
grant execute on function queue_private.readable_time to service_role;
