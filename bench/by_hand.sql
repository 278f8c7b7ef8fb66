-- The reference: what is left of a queue when nothing is checked. Two lean tables, the least indexes.
create type by_hand_status as enum ('pending', 'processing');
create table jobs (
  id uuid primary key default gen_random_uuid(),
  job_type text not null,
  payload jsonb not null,
  status by_hand_status not null default 'pending',
  priority integer not null default 0,
  attempts integer not null default 0,
  scheduled_for timestamptz not null default now(),
  started_at timestamptz,
  created_at timestamptz not null default now()
);
create index on jobs (priority desc, scheduled_for) where status = 'pending';
create table history (
  id uuid primary key,
  job_type text not null,
  payload jsonb not null,
  status text not null,
  attempts integer not null,
  result jsonb,
  duration_ms bigint,
  created_at timestamptz not null,
  completed_at timestamptz not null default now()
);
