-- expected_schema: what the migrations make. diagnose_schema and diagnose_access compare a database with it.
-- Made by `make schema` from the other migrations, whose digests are in it too; do not edit. Locks: none.
create or replace function queue_private.expected_schema() returns jsonb
language sql immutable
set search_path = ''
as $$
select $facts${}$facts$::jsonb
$$;
comment on function queue_private.expected_schema is 'What the migrations make: facts by their kinds and names.';
revoke all on function queue_private.expected_schema from public, anon, authenticated;
grant execute on function queue_private.expected_schema to service_role;
