-- refuse_payload: say which key of a payload breaks its type's rules (22023). Returns the payload when not one does.
-- Caller: enqueue_job, enqueue_jobs. Both look in their own statements whether to call it, because that costs less than a
-- call. Which keys are allowed and required: see job_type_policies.sql. Only keys are looked at; the worker
-- checks the values.
-- What is not an object is left to the table, which refuses it. Locks: none. Safe to repeat: yes.
create or replace function queue_private.refuse_payload(job_type public.job_type, payload jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  allowed text[];
  required text[];
  bad text;
begin
  select policy.payload_keys, policy.required_keys into allowed, required
  from queue_private.job_type_policies as policy where policy.job_type = refuse_payload.job_type;
  if jsonb_typeof(payload) <> 'object' then
    return payload;
  end if;
  select min(each.key) into bad from jsonb_object_keys(payload) as each (key) where each.key <> all (allowed);
  if bad is not null then
    raise exception 'payload: % has no key %; its keys are %',
        job_type, to_json(left(bad, 100)), array_to_string(allowed, ', ')
      using errcode = '22023';
  end if;
  select min(each.key) into bad from unnest(required) as each (key) where not payload ? each.key;
  if bad is not null then
    raise exception 'payload: % needs the key %', job_type, to_json(bad) using errcode = '22023';
  end if;
  return payload;
end
$$;
comment on function queue_private.refuse_payload is 'Says which key of a payload breaks its type''s rules.';
revoke all on function queue_private.refuse_payload from public, anon, authenticated;
grant execute on function queue_private.refuse_payload to service_role;
