-- Low-water marks: where the pending jobs of a stream (one type at one priority) begin. Caller: pick_batch.
--
-- Jobs that were claimed leave dead entries at the beginning of the due index, which a transaction left open anywhere
-- keeps from being cleared: after 500,000 jobs a claim that walks them all takes ten times as long. So each session
-- remembers for each stream a time before which it saw no pending job, and the next claim starts there. It is a
-- setting of the session, not a table: nobody waits for it, and it leaves no dead rows of its own.
--
-- No job is skipped. A job may appear below a mark in two ways.
--   It was due before it was written: an explicit old time, a release, a redrive by hand. Such jobs are in the index
--   background_jobs_late_idx, and while a type has one its claims start at the beginning.
--   It was written before the mark was taken and committed after it (or the clock was set back). For these a claim
--   sweeps, that is it starts at the beginning: when it would find fewer jobs than it was asked for, and otherwise
--   after a second, or fifty times as long as the last sweep took.
-- Jobs that others hold locked are seen, so a mark never passes them: their claim may be rolled back.
-- What is remembered: when, when to sweep next, how many types there are, and the marks, all in microseconds since
-- 1970. Locks: none. Safe to repeat: yes.

-- low_water_marks: the marks that hold, in the order of types and priorities; null when it is time to sweep.
create or replace function queue_private.low_water_marks(now_us bigint) returns bigint[]
language plpgsql stable
set search_path = ''
as $$
declare
  noted bigint[] := nullif(current_setting('queue_private.low_water', true), '');
begin
  -- A type more, and the numbers of the streams are others; a clock that was set back, and times mean nothing.
  if noted[3] = cardinality(enum_range(null::public.job_type)) and now_us between noted[1] and noted[2] then
    return noted[4:];
  end if;
  return null;
end
$$;
comment on function queue_private.low_water_marks is 'Where this session''s claims start.';
revoke all on function queue_private.low_water_marks from public, anon, authenticated;
grant execute on function queue_private.low_water_marks to service_role;

-- note_low_water: remember where the streams that a claim looked at begin; the others keep their marks. Null for a
-- stream without due jobs. A mark stays 100 ms behind: what is written now is due now, or is late.
create or replace function queue_private.note_low_water(
  now_us bigint, is_sweep boolean, streams integer[], first_due timestamptz[]
) returns void
language plpgsql volatile
set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
declare
  noted bigint[] := nullif(current_setting('queue_private.low_water', true), '');
  types integer := cardinality(enum_range(null::public.job_type));
  ended_us bigint := extract(epoch from clock_timestamp()) * 1000000;
begin
  -- Often enough: a claim walks over what the last 50 ms have left.
  if not is_sweep and now_us - noted[1] < 50000 then
    return;
  end if;
  perform set_config('queue_private.low_water', (
    array[now_us, case when is_sweep then ended_us + greatest(1000000, 50 * (ended_us - now_us)) else noted[2] end, types]
    || array(
      select coalesce(
        least(extract(epoch from seen.first_due) * 1000000, now_us - 100000)::bigint,
        noted[3 + stream.number], -9000000000000000
      )
      from generate_series(1, 11 * types) as stream (number)
      left join (
        select each.number, coalesce(each.first_due, 'infinity') as first_due
        from unnest(streams, first_due) as each (number, first_due)
      ) as seen on seen.number = stream.number
      order by stream.number
    )
  )::text, false);
end
$$;
comment on function queue_private.note_low_water is 'Remembers where this session''s next claims start.';
revoke all on function queue_private.note_low_water from public, anon, authenticated;
grant execute on function queue_private.note_low_water to service_role;
