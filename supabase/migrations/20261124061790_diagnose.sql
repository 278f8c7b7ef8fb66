-- diagnose: every check, and what each found, the worst first. Callers: queue_diagnostics; dev.doctor, for databases that the
-- migrations never met as well: it makes these functions in a transaction and rolls that back.
-- Read-only. A check that fails is a finding too: the others still say what they know.
create or replace function queue_private.diagnose(expected jsonb, max_rows integer)
returns table (code text, severity text, subject text, message text, mend text)
language plpgsql stable
set search_path = ''
as $$
#variable_conflict use_column
declare
  check_of text;
begin
  foreach check_of in array array[
    'migrations', 'schema', 'access', 'relations', 'app', 'rows', 'triggers', 'jobs', 'server', 'waking'
  ] loop
    begin
      return query execute format('select * from queue_private.diagnose_%s(%s)', check_of, case
        when check_of in ('migrations', 'schema', 'access', 'relations', 'app', 'triggers') then '$1'
        when check_of = 'rows' then '$2'
      end) using expected, max_rows;
    exception when others then
      return query select 'check_failed', 'high', check_of, format('this check failed: %s (%s)', sqlerrm, sqlstate),
        '-- Mend the other findings, then look again.';
    end;
  end loop;
end
$$;
comment on function queue_private.diagnose is 'Everything that is wrong with this database, with what mends it.';
revoke all on function queue_private.diagnose from public, anon, authenticated;
grant execute on function queue_private.diagnose to service_role;
