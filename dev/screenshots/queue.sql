-- A queue after a week of use, for pictures: an app in the evening, Storage that was down for a while, a paused type,
-- a schedule that somebody got wrong. Times are relative to now, so that the pictures look alike whenever they are made.

insert into public.posts_new (caption, likes)
select 'post ' || n, 0 from generate_series(1, 400) as n;

-- Ended jobs of a week: more in the evening, most of them likes.
insert into public.job_history (job_id, job_type, payload, status, priority, attempts, max_attempts, error_message, result,
  duration_ms, waited_ms, worker_id, created_at, completed_at)
select
  overlay(queue_private.first_job_id(ended_at - interval '2 s')::text
    placing right(gen_random_uuid()::text, 17) from 20)::uuid,
  kind.job_type::public.job_type, jsonb_build_object('post_id', gen_random_uuid()),
  case when dice < kind.discarded then 'discarded' else 'completed' end::public.job_status,
  kind.priority, 1, 3, case when dice < kind.discarded then 'the image host says that it is gone (404)' end,
  jsonb_build_object('ok', true),
  (kind.typical_ms * (0.5 + 1.6 * random() ^ 4))::bigint, (kind.waits_ms * (0.4 + 1.9 * random() ^ 3))::bigint,
  'w-' || substr(md5(hour::text), 1, 16), ended_at - interval '2 s', ended_at
from generate_series(now() - interval '7 days', now() - interval '4 minutes', interval '20 minutes') as hour
cross join (values
  ('sync_like_count', 26, 14, 2300, 5, 0.0), ('process_image', 6, 640, 900, 3, 0.02),
  ('send_notification', 11, 120, 700, 2, 0.04), ('generate_thumbnail', 6, 380, 1200, 1, 0.0)
) as kind (job_type, often, typical_ms, waits_ms, priority, discarded)
cross join lateral generate_series(
  1, (kind.often * (1.15 + sin((extract(hour from hour) - 14) / 24 * 2 * pi())))::integer
) as one
cross join lateral (
  select hour + random() * interval '20 minutes' as ended_at, random() as dice, one as taken
) as drawn
where ended_at < now() - interval '1 minute';

-- The last hour, minute by minute.
insert into public.job_history (job_id, job_type, payload, status, priority, attempts, max_attempts, result, duration_ms,
  waited_ms, worker_id, created_at, completed_at)
select
  overlay(queue_private.first_job_id(ended_at - interval '2 s')::text
    placing right(gen_random_uuid()::text, 17) from 20)::uuid,
  (array['sync_like_count', 'sync_like_count', 'sync_like_count', 'send_notification', 'process_image'])[1 + one % 5]
    ::public.job_type,
  jsonb_build_object('post_id', gen_random_uuid()), 'completed', 4, 1, 3, '{"ok": true}', 20 + one * 7, 900 + one * 20,
  'w-' || substr(md5(minute::text), 1, 16), ended_at - interval '2 s', ended_at
from generate_series(now() - interval '59 minutes', now() - interval '1 minute', interval '1 minute') as minute
cross join lateral generate_series(1, 34 + (16 * sin(extract(epoch from minute) / 420))::integer + (random() * 9)::integer)
  as one
cross join lateral (select minute + one * interval '1 s' as ended_at) as drawn;

-- Twenty minutes ago Storage was down: these died after all of their attempts.
insert into public.job_history (job_id, job_type, payload, status, priority, attempts, max_attempts, error_message,
  duration_ms, waited_ms, worker_id, created_at, completed_at, idempotency_key, attempt_log)
select
  overlay(queue_private.first_job_id(died_at - interval '8 minutes')::text
    placing right(gen_random_uuid()::text, 17) from 20)::uuid,
  kind::public.job_type,
  jsonb_build_object('post_id', post.id) || case kind when 'process_image'
    then '{"image_url": "uploads/2026/11/lake-at-sunset.jpg"}' else '{"image_url": "posts/lake.webp", "sizes": [150, 320, 640]}'
    end::jsonb,
  'dead', 3, 4, 4, 'RetryLater: Storage answered 503 (Service Unavailable)', 1280, 2100, 'w-5d1c07a9e2f64b38',
  died_at - interval '8 minutes', died_at, kind || '_' || post.id,
  (select jsonb_agg(jsonb_build_object(
      'outcome', 'failed', 'error', (array['OutsideTimeout: Storage did not answer within 3 s',
        'RetryLater: Storage answered 503 (Service Unavailable)'])[1 + (n + 1) % 2],
      'worker_id', 'w-' || substr(md5(n::text), 1, 16),
      'started_at', died_at - (4 - n) * interval '110 s' - interval '2 s', 'ended_at', died_at - (4 - n) * interval '110 s'
    ) order by n) from generate_series(1, 4) as n)
from (
  select id, row_number() over (order by id) as row from public.posts_new limit 320
) as post
cross join lateral (
  select case when row % 9 = 0 then 'generate_thumbnail' else 'process_image' end as kind,
    now() - interval '15 minutes' - row * interval '2 s' as died_at
) as death;

-- What waits: images that came back, notifications of a paused type, likes of the last seconds, and what is for later.
insert into public.background_jobs (id, job_type, payload, priority, attempts, max_attempts, scheduled_for, created_at,
  error_message)
select queue_private.new_job_id(), 'process_image', jsonb_build_object('post_id', gen_random_uuid()), 3, n % 3, 4,
  now() + (n % 40) * interval '9 s' - interval '20 s', now() - n * interval '11 s',
  case when n % 3 > 0 then 'RetryLater: Storage answered 503 (Service Unavailable)' end
from generate_series(1, 86) as n;
insert into public.background_jobs (job_type, payload, priority, scheduled_for, created_at)
select 'send_notification', jsonb_build_object('user_id', gen_random_uuid(), 'title', 'New like'), 2,
  now() - interval '78 minutes' + n * interval '3 s', now() - interval '78 minutes' + n * interval '3 s'
from generate_series(1, 640) as n;
insert into public.background_jobs (job_type, payload, priority, scheduled_for, created_at)
select 'sync_like_count', jsonb_build_object('post_id', id), 5, now() + interval '1 s', now() - interval '1 s'
from public.posts_new limit 57;
insert into public.background_jobs (job_type, status, attempts, max_attempts, payload, priority, claim_token, worker_id,
  started_at, lease_expires_at, scheduled_for)
select 'process_image', 'processing', 1, 4, jsonb_build_object('post_id', gen_random_uuid()), 3, gen_random_uuid(),
  'w-9b1e44c02d7f6a51', now() - interval '2 s', now() + interval '10 minutes', now() - interval '3 s'
from generate_series(1, 6) as n;
insert into queue_private.paused_job_types (job_type, paused_at) values ('send_notification', now() - interval '80 minutes');

-- Runs: one a minute, some full, two missed, one killed.
insert into public.worker_runs (worker_id, trigger, started_at, finished_at, budget_ms, counts, stop_reason)
select 'w-' || substr(md5(n::text), 1, 16), case when n % 11 = 4 then 'handover' else 'cron' end, began,
  case when n <> 27 then began + lasted * interval '1 s' end, 8000,
  jsonb_build_object('claimed', done, 'processed', done, 'completed', done - n % 3, 'retried', n % 3, 'dead', 0,
    'discarded', (n % 7 = 0)::integer, 'rescued', (n = 26)::integer, 'scheduled', (n % 10 = 0)::integer),
  case when n <> 27 then case when lasted > 7 then 'budget' else 'empty' end end
from generate_series(0, 59) as n
cross join lateral (
  select date_trunc('minute', now()) - n * interval '1 minute' + interval '1 s' as began,
    case when n between 14 and 19 then 7.4 else 0.6 + 2.6 * abs(sin(n * 1.7)) end as lasted,
    38 + (n * 37) % 25 as done
) as run
where n not in (33, 34) and began < now()
order by n desc;

update public.job_schedules set
  last_slot = date_trunc('hour', now()) - interval '31 minutes', next_run_at = date_trunc('hour', now()) + interval '1 hour 29 min'
  where name = 'audit-like-counts';
update public.job_schedules set last_slot = date_trunc('hour', now()), next_run_at = now() + interval '6 minutes'
  where name = 'recompute-rankings';
insert into public.job_schedules (name, job_type, payload, cron_expression, timezone, last_slot, last_error)
values ('weekly-digest', 'send_notification', '{}', '0 8 * * 8', 'Europe/Madrid', now() - interval '6 days',
  'cron_expression: the day of the week 8 does not exist');

analyze;
