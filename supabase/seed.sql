-- A small app to look at: three people, their posts, comments, likes and a notification. `supabase db reset` applies it
-- after the migrations, and so does psql. Nothing of it belongs into production. Safe to repeat.
--
-- The people are ids without an account: sign up in the app to be somebody. The posts are words, because images are
-- fetched from hosts that your settings allow.

insert into public.posts_new (id, user_id, caption, created_at)
values
  ('5eed0000-0000-4000-8000-000000000001', '5eed0000-0000-4000-8000-0000000000a1', 'First light over the harbour', now() - interval '5 days'),
  ('5eed0000-0000-4000-8000-000000000002', '5eed0000-0000-4000-8000-0000000000a1', 'Sourdough, third attempt', now() - interval '3 days'),
  ('5eed0000-0000-4000-8000-000000000003', '5eed0000-0000-4000-8000-0000000000b2', 'The dog has opinions about the sea', now() - interval '30 hours'),
  ('5eed0000-0000-4000-8000-000000000004', '5eed0000-0000-4000-8000-0000000000c3', 'New bike day', now() - interval '7 hours'),
  ('5eed0000-0000-4000-8000-000000000005', '5eed0000-0000-4000-8000-0000000000b2', 'Does anyone know this bird?', now() - interval '40 minutes')
on conflict (id) do nothing;

insert into public.comments (id, post_id)
select seeded.id::uuid, seeded.post_id::uuid
from (values
  ('5eed0000-0000-4000-8000-000000000c01', '5eed0000-0000-4000-8000-000000000003'),
  ('5eed0000-0000-4000-8000-000000000c02', '5eed0000-0000-4000-8000-000000000005'),
  ('5eed0000-0000-4000-8000-000000000c03', '5eed0000-0000-4000-8000-000000000005')
) as seeded (id, post_id)
on conflict (id) do nothing;

-- Through the function that /api/ratings calls: each like asks for a sync, and the worker's next run counts them.
select count(*) as likes
from generate_series(1, 5) as post_number,
  generate_series(1, (array[4, 9, 23, 12, 2])[post_number]) as fan,
  public.set_like(
    ('5eed0000-0000-4000-8000-00000000000' || post_number)::uuid, format('seeded-session-%s', lpad(fan::text, 4, '0')), true
  );

insert into public.notifications (id, user_id, title, body, url)
values (
  '5eed0000-0000-4000-8000-00000000000d', '5eed0000-0000-4000-8000-0000000000b2', 'Your post is popular',
  '23 people like "The dog has opinions about the sea"', '/p/5eed0000-0000-4000-8000-000000000003'
)
on conflict (id) do nothing;

-- Something to see on the operators' page: one job that waits for tomorrow, and the ranking.
select * from public.enqueue_job(
  job_type => 'send_notification',
  payload => '{"user_id": "5eed0000-0000-4000-8000-0000000000a1", "title": "Good morning", "body": "It is a new day"}',
  scheduled_for => now() + interval '1 day',
  idempotency_key => 'seed:good-morning'
);
select * from public.recompute_rankings();
