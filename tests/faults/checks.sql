-- Every row is a violation: a guarantee that the rows, the transitions, the effects and the counts contradict.
with steps as (
  select
    job_id, was, became, id,
    lag(became) over each_job as before,
    row_number() over each_job = 1 as is_first
  from public.transitions
  window each_job as (partition by job_id order by id)
), claims as (
  select job_id, became ->> 'token' as token, count(*) as times
  from public.transitions
  where became ->> 'status' = 'processing' and became ->> 'token' is distinct from was ->> 'token'
  group by 1, 2
)
select 'in two places' as violation, job.id::text as subject
from public.background_jobs as job join public.job_history as ended on ended.job_id = job.id
union all
select 'more attempts than allowed', id::text from public.background_jobs where attempts > max_attempts
union all
select 'more attempts than allowed', job_id::text from public.job_history where attempts > max_attempts
union all
select 'changed after its end', job_id::text from steps where not is_first and before is null
union all
select 'does not follow from the step before', job_id::text from steps where not is_first and before <> was
union all
select 'claimed while it was not pending', job_id::text from steps
where became ->> 'token' is distinct from was ->> 'token' and became ->> 'token' is not null
  and was ->> 'status' <> 'pending'
union all
select 'claimed without counting', job_id::text from steps
where was ->> 'status' = 'pending' and became ->> 'status' = 'processing'
  and (became ->> 'attempts')::int <> (was ->> 'attempts')::int + 1
union all
select 'a token was given out twice', token from claims group by token having sum(times) > 1
union all
select 'ended without a claim', ended.job_id::text from public.job_history as ended
where ended.status in ('completed', 'discarded') and not exists (
  select from public.transitions as step
  where step.job_id = ended.job_id and step.became is null
    and step.was ->> 'token' = ended.claim_token::text and step.was ->> 'status' = 'processing'
)
union all
select 'gone without a trace', step.job_id::text from public.transitions as step
where step.became is null and not exists (
  select from public.job_history as ended where ended.job_id = step.job_id
)
union all
select 'completed without its effect', ended.job_id::text from public.job_history as ended
where ended.status = 'completed' and ended.payload ? 'do' and not exists (
  select from public.effects as effect
  where effect.job_id = ended.job_id and effect.claim_token = ended.claim_token and effect.stage = 'done'
)
union all
select 'completed before its effect', ended.job_id::text
from public.job_history as ended
join public.transitions as step on step.job_id = ended.job_id and step.became is null
where ended.status = 'completed' and ended.payload ? 'do' and not exists (
  select from public.effects as effect
  where effect.job_id = ended.job_id and effect.claim_token = ended.claim_token and effect.stage = 'done'
    and effect.id < step.id
)
union all
select 'an effect without a claim', effect.job_id::text from public.effects as effect
where not exists (
  select from claims where claims.job_id = effect.job_id and claims.token = effect.claim_token::text
)
