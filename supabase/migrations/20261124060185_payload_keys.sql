-- refuse_payload: say which key of a payload breaks its type's rules (22023). Returns the payload when not one does.
-- Caller: enqueue_job, enqueue_jobs. Both look in their own statements whether to call it, because that costs less than a
-- call. Which keys are refused: see job_type_policies.sql. Locks: none. Safe to repeat: yes.
create or replace function queue_private.refuse_payload(job_type public.job_type, payload jsonb) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  policy queue_private.job_type_policies;
  bad text;
begin
  select each.* into policy
  from queue_private.job_type_policies as each where each.job_type = refuse_payload.job_type;
  select min(each.key) into bad
  from jsonb_object_keys(payload) as each (key)
  where each.key = any (policy.camel_case_keys) or (policy.is_strict and each.key <> all (policy.payload_keys));
  if bad is not null then
    raise exception 'payload: % has no key %; its keys are %',
        refuse_payload.job_type, to_json(left(bad, 100)), array_to_string(policy.payload_keys, ', ')
      using errcode = '22023';
  end if;
  return payload;
end
$$;
comment on function queue_private.refuse_payload is 'Says which key of a payload breaks its type''s rules.';
revoke all on function queue_private.refuse_payload from public, anon, authenticated;
grant execute on function queue_private.refuse_payload to service_role;
