-- check_outcomes: refuse a malformed array as a whole (22023), naming the element and the rule.
create or replace function queue_private.check_outcomes(outcomes jsonb) returns void
language plpgsql immutable
set search_path = ''
as $$
declare
  bad record;
begin
  if outcomes is null or jsonb_typeof(outcomes) <> 'array' then
    raise exception 'outcomes must be an array' using errcode = '22023';
  elsif jsonb_array_length(outcomes) > 1000 then
    raise exception 'outcomes must have at most 1000 elements, not %', jsonb_array_length(outcomes)
      using errcode = '22023';
  end if;
  select checked.* into bad
  from (
    select
      each.ordinality - 1 as position,
      case
        when jsonb_typeof(o) <> 'object' then 'must be an object'
        when not coalesce(pg_input_is_valid(o ->> 'id', 'uuid'), false)
          then 'id must be a UUID'
        when not coalesce(pg_input_is_valid(o ->> 'claim_token', 'uuid'), false)
          then 'claim_token must be a UUID'
        when coalesce(o ->> 'outcome', '')
          not in ('completed', 'failed', 'snoozed', 'discarded', 'released')
          then 'outcome must be completed, failed, snoozed, discarded or released'
        when jsonb_typeof(o -> 'error') not in ('string', 'null') then 'error must be a string'
        when jsonb_typeof(o -> 'retryable') not in ('boolean', 'null')
          then 'retryable must be true or false'
        when jsonb_typeof(o -> 'not_counted') not in ('boolean', 'null')
          then 'not_counted must be true or false'
        when jsonb_typeof(o -> 'retry_in_seconds') not in ('number', 'null')
          then 'retry_in_seconds must be a number'
        when (o ->> 'retry_in_seconds')::numeric not between 0 and 31536000
          then 'retry_in_seconds must be from 0 to 31536000'
        when (o ->> 'retryable')::boolean is false and (o ->> 'not_counted')::boolean
          then 'not_counted keeps the job, retryable false ends it: give one'
      end as problem
    from jsonb_array_elements(outcomes) with ordinality as each (o, ordinality)
  ) as checked
  where checked.problem is not null
  order by checked.position
  limit 1;
  if found then
    raise exception 'outcomes[%]: %', bad.position, bad.problem using errcode = '22023';
  end if;
end
$$;
revoke all on function queue_private.check_outcomes from public, anon, authenticated;
grant execute on function queue_private.check_outcomes to service_role;
