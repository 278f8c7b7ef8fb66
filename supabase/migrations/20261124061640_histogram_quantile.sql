-- histogram_quantile: the value below which this share of a cumulative histogram lies, in whole milliseconds: 0.5 is the
-- median. Between two bounds it is interpolated, as Prometheus does; above the last bound it is the last bound. Null for an
-- empty histogram. Caller: queue_stats.
create or replace function queue_private.histogram_quantile(histogram bigint[], share double precision) returns bigint
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
  bounds bigint[] := queue_private.histogram_bounds_ms();
  rank double precision := share * histogram[cardinality(histogram)];
  below bigint := 0;
  lower_bound bigint := 0;
begin
  if coalesce(histogram[cardinality(histogram)], 0) <= 0 then
    return null;
  end if;
  for position in 1 .. cardinality(bounds) loop
    if histogram[position] >= rank and histogram[position] > below then
      return round(lower_bound + (bounds[position] - lower_bound) * (rank - below) / (histogram[position] - below));
    end if;
    below := histogram[position];
    lower_bound := bounds[position];
  end loop;
  return lower_bound;
end
$$;
comment on function queue_private.histogram_quantile is 'A quantile of a histogram, interpolated, in milliseconds.';
revoke all on function queue_private.histogram_quantile from public, anon, authenticated;
grant execute on function queue_private.histogram_quantile to service_role;
