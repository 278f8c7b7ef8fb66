-- oldest_transaction: the open transaction of more than a minute that has kept dead rows alive for longest: the more of
-- them, the slower each claim. Null when there is not one. Prepared transactions and replication slots are not looked at.
-- Security definer: Postgres shows another role's sessions only to members of pg_monitor, which postgres is on hosted
-- Supabase and service_role is not. What it tells is no more than this: who, in which state, for how long.
create or replace function queue_private.oldest_transaction(moment timestamptz) returns jsonb
language plpgsql stable security definer
set search_path = ''
as $$
begin
  return (
    select jsonb_build_object(
      'pid', activity.pid,
      'role', activity.usename,
      'application', activity.application_name,
      'state', activity.state,
      'open_seconds', floor(extract(epoch from moment - activity.xact_start))
    )
    from pg_catalog.pg_stat_activity as activity
    where activity.datname = current_database() and activity.pid <> pg_backend_pid()
      and activity.xact_start < moment - interval '1 minute'
      and (activity.backend_xmin is not null or activity.backend_xid is not null)
    order by greatest(
      pg_catalog.age(activity.backend_xmin), pg_catalog.age(activity.backend_xid)
    ) desc, activity.xact_start
    limit 1
  );
end
$$;
comment on function queue_private.oldest_transaction is 'The open transaction that keeps dead rows alive.';
revoke all on function queue_private.oldest_transaction from public, anon, authenticated;
grant execute on function queue_private.oldest_transaction to service_role;
