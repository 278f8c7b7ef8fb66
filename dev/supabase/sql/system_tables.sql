-- Owners and grants of the auth and storage tables, once the API has made them.
do $$
declare
    found_table regclass;
begin
    for found_table in
        select c.oid from pg_class c
        where c.relnamespace = 'storage'::regnamespace and c.relkind = 'r'
    loop
        execute format('alter table %s owner to supabase_storage_admin', found_table);
        execute format('alter table %s enable row level security', found_table);
    end loop;
end
$$;

grant all on schema storage to supabase_storage_admin;
grant all on all tables in schema auth, storage to postgres;
grant all on all tables in schema storage to anon, authenticated, service_role;
grant references on all tables in schema auth to postgres;
