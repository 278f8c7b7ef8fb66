-- job_type_policies: the priority and the attempts of a job whose caller leaves them out, so that a job is the same from
-- SQL and over HTTP. The policies are written in lib/jobs, one for each type; a test compares this table with them.
-- Readers: enqueue_job, enqueue_jobs. A type without a row gets priority 0 and 3 attempts.
-- Safe to repeat: yes, and it brings a changed policy into a database that has an older one.
create table if not exists queue_private.job_type_policies (
  job_type public.job_type primary key,
  priority integer not null,
  max_attempts integer not null,
  constraint job_type_policies_priority_0_to_10 check (priority between 0 and 10),
  constraint job_type_policies_max_attempts_1_to_25 check (max_attempts between 1 and 25)
);
comment on table queue_private.job_type_policies is 'What a job gets whose caller leaves priority or attempts out.';
alter table queue_private.job_type_policies enable row level security;
revoke all on table queue_private.job_type_policies from public, anon, authenticated;
grant select on table queue_private.job_type_policies to service_role;

insert into queue_private.job_type_policies (job_type, priority, max_attempts) values
  ('sync_like_count', 5, 10),
  ('process_image', 3, 4),
  ('send_notification', 2, 5),
  ('generate_thumbnail', 1, 4),
  ('cleanup_expired', 0, 3),
  ('recompute_rankings', 0, 3),
  ('audit_like_counts', 0, 3)
on conflict (job_type) do update
set priority = excluded.priority, max_attempts = excluded.max_attempts
where (job_type_policies.priority, job_type_policies.max_attempts) <> (excluded.priority, excluded.max_attempts);
