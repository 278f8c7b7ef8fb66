-- Something of everything that a client can see of PostgREST. Used by test_postgrest.py only.
create schema queue;
grant usage on schema queue to service_role;

create type public.mood as enum ('sad', 'ok', 'happy');

create table public.items (
    id bigint generated always as identity primary key,
    name text not null unique,
    mood public.mood not null default 'ok',
    meta jsonb
);
alter table public.items enable row level security;
create policy items_read on public.items for select to anon, authenticated using (true);
revoke all on public.items from anon, authenticated;
grant select on public.items to anon, authenticated;
insert into public.items (name, mood, meta) values ('a', 'ok', '{"x": 1}'), ('b', 'happy', null);

create table public.hidden (id int primary key);
revoke all on public.hidden from anon, authenticated;
insert into public.hidden values (1);

create table public.many (id int primary key);
insert into public.many select generate_series(1, 2500);

create table queue.jobs (id bigint generated always as identity primary key, payload jsonb not null);
grant all on queue.jobs to service_role;

-- What functions can return.
create function public.returns_rows() returns setof public.items language sql stable
as 'select * from public.items order by id';
create function public.returns_row() returns public.items language sql stable
as 'select * from public.items order by id limit 1';
create function public.returns_no_row() returns public.items language sql stable
as 'select * from public.items where false';
create function public.returns_nothing() returns void language plpgsql
as 'begin perform 1; end';
create function public.returns_null() returns text language sql immutable
as 'select null::text';
create function public.returns_text() returns text language sql immutable
as $$ select 'hi "x"' $$;
create function public.returns_boolean() returns boolean language sql immutable
as 'select true';
create function public.returns_bigint() returns bigint language sql immutable
as 'select 9007199254740993';
create function public.returns_numeric() returns numeric language sql immutable
as 'select 1.10::numeric';
create function public.returns_enum() returns public.mood language sql immutable
as $$ select 'happy'::public.mood $$;
create function public.returns_time() returns timestamptz language sql immutable
as $$ select '2026-01-02 03:04:05.678901+00'::timestamptz $$;
create function public.returns_table(n int) returns table (a int, b text) language sql immutable
as $$ select g, 'x' || g from generate_series(1, n) g $$;
create function public.returns_numbers(n int) returns setof int language sql immutable
as 'select generate_series(1, n)';
create function public.returns_out(a int, out b int, out c text) language sql immutable
as $$ select a + 1, 'c' $$;

-- What they can be given.
create function public.takes_default(n int default 7) returns int language sql immutable
as 'select n * 2';
create function public.takes_jsonb(p jsonb) returns jsonb language sql immutable
as $$ select jsonb_build_object('got', p) $$;
create function public.takes_arrays(ids bigint[], tags text[]) returns jsonb language sql immutable
as $$ select jsonb_build_object('ids', ids, 'tags', tags) $$;
create function public.takes_enum(m public.mood) returns text language sql immutable
as $$ select m::text || '!' $$;
create function public.takes_bytes(b bytea) returns int language sql immutable
as 'select length(b)';
create function public.takes_uuid(u uuid, t timestamptz) returns jsonb language sql immutable
as $$ select jsonb_build_object('u', u, 't', t) $$;
create function public.overloaded(a int) returns text language sql immutable
as $$ select 'one' $$;
create function public.overloaded(a int, b int) returns text language sql immutable
as $$ select 'two' $$;

-- How they can fail, and choose their reply.
create function public.fails(code text) returns void language plpgsql as $$
begin
    raise exception using errcode = code, message = 'boom', detail = 'the detail', hint = 'the hint';
end
$$;
create function public.fails_plainly() returns void language plpgsql
as $$ begin raise exception 'plain boom'; end $$;
create function public.inserts_twice() returns void language plpgsql as $$
begin
    insert into public.items (name) values ('twice');
    insert into public.items (name) values ('twice');
end
$$;
create function public.chooses_status() returns jsonb language plpgsql as $$
begin
    perform set_config('response.status', '429', true);
    perform set_config('response.headers', '[{"Retry-After": "7"}]', true);
    return '{"a": 1}';
end
$$;
create function public.sleeps() returns int language plpgsql set statement_timeout to '50ms' as $$
begin
    perform pg_sleep(5);
    return 1;
end
$$;

-- What they see of the request.
create function public.shows_request() returns jsonb language sql stable as $$
    select jsonb_build_object(
        'role', current_role,
        'claims', current_setting('request.jwt.claims', true)::jsonb,
        'method', current_setting('request.method', true),
        'path', current_setting('request.path', true),
        'agent', current_setting('request.headers', true)::jsonb ->> 'user-agent',
        'isolation', current_setting('transaction_isolation'),
        'read_only', current_setting('transaction_read_only'),
        'statement_timeout', current_setting('statement_timeout'),
        'search_path', current_setting('search_path'),
        'uid', (select auth.uid())
    )
$$;
create function public.shows_isolation() returns text language sql stable
set default_transaction_isolation to 'serializable'
as $$ select current_setting('transaction_isolation') $$;

-- Inlinable, and without `set search_path`: the kind whose EXECUTE check a kept plan would skip.
create function public.for_service_role() returns int language sql stable
as 'select 42';
revoke execute on function public.for_service_role() from public, anon, authenticated;
grant execute on function public.for_service_role() to service_role;

create function queue.enqueue(p jsonb) returns queue.jobs language sql
as 'insert into queue.jobs (payload) values (p) returning *';
revoke execute on all functions in schema queue from public, anon, authenticated;
grant execute on all functions in schema queue to service_role;
