-- diagnose_access: who may do more, and who less, than the product needs. Caller: diagnose. Locks: none.
--
-- service_role needs each privilege that a migration grants it: projects made before 2026-10-30 grant more by default, newer
-- ones nothing. Clients (anon, authenticated, and public, which is everybody) may have at most what a migration grants on
-- what the migrations make. The app's own tables are the app's, but for what would break the counts.
create or replace function queue_private.diagnose_access(expected jsonb)
returns table (code text, severity text, subject text, message text, mend text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
begin
  if to_regclass('queue_private.adopted_tables') is null then
    return;
  end if;
  return query
  with there as materialized (
    select fact.name, string_to_array(fact.definition, ', ') as privileges,
      split_part(fact.name, ': ', 1) as grantee, split_part(fact.name, ': ', 2) as object
    from queue_private.schema_facts() as fact where fact.kind = 'grant'
  ), wanted as materialized (
    select fact.key as name, string_to_array(fact.value, ', ') as privileges,
      split_part(fact.key, ': ', 1) as grantee, split_part(fact.key, ': ', 2) as object
    from jsonb_each_text(expected -> 'grant') as fact
  ), lacking as (
    select w.grantee, w.object,
      array(select unnest(w.privileges) except select unnest(t.privileges) order by 1) as privileges
    from wanted as w
    left join there as t on t.name = w.name
    where w.grantee = 'service_role' and case split_part(w.object, ' ', 1)
      when 'table' then expected -> 'table' ? split_part(w.object, ' ', 2)
        and to_regclass(split_part(w.object, ' ', 2)) is not null
      when 'function' then to_regprocedure(substr(w.object, 10)) is not null
      else true
    end
  ), excess as (
    select t.grantee, t.object,
      array(select unnest(t.privileges) except select unnest(w.privileges) order by 1) as privileges
    from there as t
    left join wanted as w on w.name = t.name
    where t.grantee <> 'service_role' and case split_part(t.object, ' ', 1)
      when 'schema' then true
      when 'table' then expected -> 'table' ? split_part(t.object, ' ', 2)
        and split_part(t.object, ' ', 2) not in ('public.posts_new', 'public.post_ratings', 'public.comments')
      when 'column' then expected -> 'column' ? split_part(t.object, ' ', 2)
        and t.object !~ '^column public\.(posts_new|post_ratings|comments)\.'
      when 'function' then expected -> 'function' ? substr(t.object, 10) or t.object like 'function queue\_private.%'
      when 'sequence' then t.object like 'sequence queue\_private.%'
        or split_part(t.object, ' ', 2) in ('public.job_history_id_seq', 'public.worker_runs_id_seq')
    end
  )
  select 'privilege_missing', 'critical', l.object,
    format('%s may not %s: what needs it fails with 42501', l.grantee, array_to_string(l.privileges, ', ')),
    format('grant %s on %s to %s;', array_to_string(l.privileges, ', '), l.object, l.grantee)
  from lacking as l where l.privileges <> '{}'
  union all
  select 'privilege_excess', case when e.object like 'function %' or e.privileges <> array['select'] then 'critical' else 'high' end,
    e.object,
    format('%s may %s, which is the service''s alone', e.grantee, array_to_string(e.privileges, ', ')),
    case when e.object like 'column %' then format(
      'revoke %s (%s) on table %s from %s;', array_to_string(e.privileges, ', '), split_part(e.object, '.', 3),
      substr(split_part(e.object, '.', 1) || '.' || split_part(e.object, '.', 2), 8), e.grantee
    ) else format('revoke %s on %s from %s;', array_to_string(e.privileges, ', '), e.object, e.grantee) end
  from excess as e where e.privileges <> '{}';
end
$$;
comment on function queue_private.diagnose_access is 'Privileges that are missing, and that are too many.';
revoke all on function queue_private.diagnose_access from public, anon, authenticated;
grant execute on function queue_private.diagnose_access to service_role;
