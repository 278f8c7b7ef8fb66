-- queue_private: the schema for functions that only our own functions and triggers call, and for tables that no client
-- sees.
--
-- supabase/config.toml does not name this schema, so PostgREST does not expose it: nothing here is an RPC. The functions
-- of public that the server calls run with the caller's rights (security invoker), so service_role may use the schema.
create schema if not exists queue_private;
comment on schema queue_private is 'What the queue''s own functions and triggers use. Not exposed through the API.';
revoke all on schema queue_private from public, anon, authenticated;
grant usage on schema queue_private to service_role;
-- Hosted Supabase gives new functions to everyone by default, in every schema.
alter default privileges in schema queue_private revoke all on tables from public, anon, authenticated;
alter default privileges in schema queue_private revoke all on sequences from public, anon, authenticated;
alter default privileges in schema queue_private revoke all on functions from public, anon, authenticated;
