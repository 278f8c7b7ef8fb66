-- Likes are exact, and clients cannot write them. Run: supabase test db
begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(8);

insert into public.posts_new (id, caption) values ('7e570000-0000-4000-8000-000000000001', 'a post of the test');

select results_eq(
  $$ select liked, likes from public.set_like('7e570000-0000-4000-8000-000000000001', 'a-session-of-the-test', true) $$,
  $$ values (true, 1) $$,
  'a like is counted in its own answer'
);
select results_eq(
  $$ select liked, likes from public.set_like('7e570000-0000-4000-8000-000000000001', 'a-session-of-the-test', true) $$,
  $$ values (true, 1) $$,
  'a like that is sent twice counts once'
);
select is(
  (
    select count(*) from public.background_jobs
    where job_type = 'sync_like_count' and payload ->> 'post_id' = '7e570000-0000-4000-8000-000000000001'
  ),
  1::bigint,
  'one sync is asked for'
);
select is(
  public.sync_post_like_count('7e570000-0000-4000-8000-000000000001'), 1, 'the sync writes what there is'
);
select is(
  (select likes from public.posts_new where id = '7e570000-0000-4000-8000-000000000001'), 1, 'and the post shows it'
);
select results_eq(
  $$ select liked, likes from public.toggle_like('7e570000-0000-4000-8000-000000000001', 'a-session-of-the-test') $$,
  $$ values (false, 0) $$,
  'the same click again takes it back'
);
select is_empty(
  $$ select * from public.set_like('7e570000-0000-4000-8000-0000000000ff', 'a-session-of-the-test', true) $$,
  'a post that is not there is not liked'
);

set local role anon;
select throws_ok(
  $$ update public.posts_new set likes = 1000 $$, '42501', null, 'a client does not write likes'
);

select * from finish();
rollback;
