-- A stand-in for what Supabase Realtime has in the database: realtime.messages, realtime.send and realtime.topic, with
-- their signatures, row level security and grants. Each message that is committed is told by NOTIFY, where the hosted
-- service reads the log of the table. The real send turns its own errors into warnings; this one may be told to fail.
create schema realtime authorization postgres;
grant usage on schema realtime to anon, authenticated, service_role;

create table realtime.messages (
  id uuid not null default gen_random_uuid(),
  topic text not null,
  extension text not null,
  payload jsonb,
  event text,
  private boolean default false,
  inserted_at timestamp not null default now(),
  primary key (id, inserted_at)
);
alter table realtime.messages owner to postgres;
alter table realtime.messages enable row level security;
grant select, insert, update on realtime.messages to anon, authenticated, service_role;

create function realtime.topic() returns text language sql stable as $$
  select nullif(current_setting('realtime.topic', true), '')
$$;

create function realtime.send(payload jsonb, event text, topic text, private boolean default true) returns void
language plpgsql as $$
begin
  if current_setting('test.realtime_is_broken', true) = 'yes' then
    raise exception 'realtime is broken';
  end if;
  perform set_config('realtime.topic', topic, true);
  insert into realtime.messages (payload, event, topic, private, extension)
  values (payload || jsonb_build_object('id', gen_random_uuid()), event, topic, private, 'broadcast');
  perform pg_notify(
    'realtime', jsonb_build_object('topic', topic, 'event', event, 'private', private, 'payload', payload)::text
  );
end
$$;
