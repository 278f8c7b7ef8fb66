-- The same inside one database: schemas, extensions and default privileges, before the API makes
-- its auth and storage tables. Run by supabase_admin.
do $$
begin
    execute format('alter database %I owner to postgres', current_database());
    execute format('grant create on database %I to postgres', current_database());
end
$$;

alter schema public owner to pg_database_owner;
create schema extensions;
create schema auth;
create schema storage;
create extension pgcrypto with schema extensions;
create extension pg_stat_statements with schema extensions;
create schema vault;
create extension supabase_vault with schema vault;
create publication supabase_realtime;
alter publication supabase_realtime owner to postgres;

grant usage on schema public, extensions, auth, storage
to postgres, anon, authenticated, service_role;
grant create on schema public, extensions to postgres;

-- The hosted defaults that make every migration revoke by name.
alter default privileges for role postgres in schema public
grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
grant all on sequences to postgres, anon, authenticated, service_role;
