-- job_type_policies: what the database knows of each job type, so that a job is the same from SQL and over HTTP: the priority
-- and the attempts of a job whose caller leaves them out, and the keys of a payload. The policies
-- and the payload models are written in lib/jobs, one page for each type; a test compares this table with them.
-- Readers: enqueue_job, enqueue_jobs. A type without a row gets priority 0 and 3 attempts, and its payloads are not checked.
-- A known key in camelCase, as HTTP writes it, is refused for every type: no handler would find it. Keys that no model has
-- are refused where is_strict says so. A key that is missing is found by the worker, as are wrong values.
-- Safe to repeat: yes, and it brings a changed policy into a database that has an older one.
create table if not exists queue_private.job_type_policies (
  job_type public.job_type primary key,
  priority integer not null,
  max_attempts integer not null,
  payload_keys text[],
  camel_case_keys text[],
  is_strict boolean not null default false,
  constraint job_type_policies_priority_0_to_10 check (priority between 0 and 10),
  constraint job_type_policies_max_attempts_1_to_25 check (max_attempts between 1 and 25)
);
comment on table queue_private.job_type_policies is 'What a job gets whose caller leaves priority or attempts out, and its payload''s keys.';
comment on column queue_private.job_type_policies.payload_keys is 'The keys that the payload''s model has; null: any.';
comment on column queue_private.job_type_policies.camel_case_keys is 'The same as HTTP writes them, those that differ.';
comment on column queue_private.job_type_policies.is_strict is 'Whether other keys are refused. An operator''s choice.';
alter table queue_private.job_type_policies enable row level security;
revoke all on table queue_private.job_type_policies from public, anon, authenticated;
grant select on table queue_private.job_type_policies to service_role;

insert into queue_private.job_type_policies (job_type, priority, max_attempts, payload_keys, camel_case_keys) values
  ('sync_like_count', 5, 10, '{post_id}', '{postId}'),
  ('process_image', 3, 4, '{post_id, image_url}', '{postId, imageUrl}'),
  ('send_notification', 2, 5, '{user_id, title, body, url}', '{userId}'),
  ('generate_thumbnail', 1, 4, '{image_url, sizes, post_id}', '{imageUrl, postId}'),
  ('cleanup_expired', 0, 3, '{older_than_days}', '{olderThanDays}'),
  ('recompute_rankings', 0, 3, '{limit}', '{}'),
  ('audit_like_counts', 0, 3, '{after_post_id}', '{afterPostId}')
on conflict (job_type) do update
set priority = excluded.priority, max_attempts = excluded.max_attempts,
  payload_keys = excluded.payload_keys, camel_case_keys = excluded.camel_case_keys
where (
  job_type_policies.priority, job_type_policies.max_attempts, job_type_policies.payload_keys,
  job_type_policies.camel_case_keys
) is distinct from (
  excluded.priority, excluded.max_attempts, excluded.payload_keys, excluded.camel_case_keys
);
