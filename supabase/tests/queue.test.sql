-- The life of a job, and who may touch it. Run: supabase test db
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(10);

select is(
  (select created from public.enqueue_job('recompute_rankings', idempotency_key => 'of-the-test')), true, 'a job is enqueued'
);
select is(
  (select created from public.enqueue_job('recompute_rankings', idempotency_key => 'of-the-test')), false,
  'the same key is the same job'
);
select throws_ok(
  $$ select * from public.enqueue_job('audit_like_counts', idempotency_key => 'of-the-test') $$, 'PT409', null,
  'the same key with another type is a conflict'
);

create temporary table claimed on commit drop as
select * from public.claim_jobs('worker-of-the-test', 1000, array['recompute_rankings']::public.job_type[]);
select is((select count(*) from claimed where idempotency_key = 'of-the-test'), 1::bigint, 'it is claimed');
select is_empty(
  $$ select * from public.claim_jobs('another-worker', 10, array['recompute_rankings']::public.job_type[]) $$,
  'and not twice'
);
select is(
  (select public.complete_job(id, '00000000-0000-4000-8000-000000000000') from claimed where idempotency_key = 'of-the-test'),
  'stale', 'a wrong token settles nothing'
);
select is(
  (select public.complete_job(id, claim_token) from claimed where idempotency_key = 'of-the-test'), 'settled',
  'its token settles it'
);
select is(
  (select status::text from public.job_history where idempotency_key = 'of-the-test'), 'completed', 'it is in the history'
);

set local role authenticated;
select throws_ok($$ select * from public.background_jobs $$, '42501', null, 'a user does not see jobs');
select throws_ok($$ select * from public.claim_jobs('me', 1) $$, '42501', null, 'nor claims them');

select * from finish();
rollback;
