-- job_type_policies: what the database knows of each job type, so that a job is the same from SQL and over HTTP: the priority
-- and the attempts of a job whose caller leaves them out, and the keys that a payload may have and must have. The policies
-- and the payload models are written in lib/jobs, one page for each type; a test compares this table with them.
-- Readers: enqueue_job, enqueue_jobs. A type without a row gets priority 0 and 3 attempts, and its payloads are not checked.
-- Safe to repeat: yes, and it brings a changed policy into a database that has an older one.
create table if not exists queue_private.job_type_policies (
  job_type public.job_type primary key,
  priority integer not null,
  max_attempts integer not null,
  payload_keys text[],
  required_keys text[],
  constraint job_type_policies_priority_0_to_10 check (priority between 0 and 10),
  constraint job_type_policies_max_attempts_1_to_25 check (max_attempts between 1 and 25)
);
comment on table queue_private.job_type_policies is 'What a job gets whose caller leaves priority or attempts out, and its payload''s keys.';
comment on column queue_private.job_type_policies.payload_keys is 'The keys that a payload may have; null: any.';
comment on column queue_private.job_type_policies.required_keys is 'The keys that a payload must have; null: not one.';
alter table queue_private.job_type_policies enable row level security;
revoke all on table queue_private.job_type_policies from public, anon, authenticated;
grant select on table queue_private.job_type_policies to service_role;

insert into queue_private.job_type_policies (job_type, priority, max_attempts, payload_keys, required_keys) values
  ('sync_like_count', 5, 10, '{post_id}', '{post_id}'),
  ('process_image', 3, 4, '{post_id, image_url}', '{post_id, image_url}'),
  ('send_notification', 2, 5, '{user_id, title, body, url}', '{user_id, title, body}'),
  ('generate_thumbnail', 1, 4, '{image_url, sizes, post_id}', '{image_url, sizes}'),
  ('cleanup_expired', 0, 3, '{older_than_days}', '{}'),
  ('recompute_rankings', 0, 3, '{limit}', '{}'),
  ('audit_like_counts', 0, 3, '{after_post_id}', '{}')
on conflict (job_type) do update
set priority = excluded.priority, max_attempts = excluded.max_attempts,
  payload_keys = excluded.payload_keys, required_keys = excluded.required_keys
where job_type_policies is distinct from excluded;
