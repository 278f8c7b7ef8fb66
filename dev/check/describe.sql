-- Everything that migrations decide about a database, one fact a row, without oids or other numbers
-- that differ between two databases. What belongs to extensions and to the service itself is left out.
with schemas as (
  select n.oid, n.nspname, n.nspacl from pg_catalog.pg_namespace as n
  where n.nspname !~ '^pg_'
    and n.nspname not in ('auth', 'extensions', 'information_schema', 'storage', 'supabase_migrations')
    and not exists (select from pg_catalog.pg_depend as d where d.objid = n.oid and d.deptype = 'e')
),
relations as (
  select c.*, c.oid::regclass as name from pg_catalog.pg_class as c
  where c.relnamespace in (select oid from schemas)
    and not exists (select from pg_catalog.pg_depend as d where d.objid = c.oid and d.deptype = 'e')
),
routines as (
  select p.oid, p.oid::regprocedure as name, p.proowner, p.proacl, p.prokind
  from pg_catalog.pg_proc as p
  where p.pronamespace in (select oid from schemas)
    and not exists (select from pg_catalog.pg_depend as d where d.objid = p.oid and d.deptype = 'e')
)
select format('schema %s: %s', nspname, nspacl) as fact from schemas
union all
select format(
  'relation %s: kind %s, owner %s, options %s, rls %s %s, access %s',
  name, relkind, relowner::regrole, reloptions, relrowsecurity, relforcerowsecurity, relacl
)
from relations
union all
select format(
  'column %s.%s: #%s %s, not null %s, default %s, identity %s, generated %s, collation %s, access %s',
  r.name, a.attname,
  row_number() over (partition by a.attrelid order by a.attnum),
  format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
  a.attidentity, a.attgenerated, a.attcollation::regcollation, a.attacl
)
from pg_catalog.pg_attribute as a
join relations as r on r.oid = a.attrelid and r.relkind <> 'i'
left join pg_catalog.pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attnum > 0 and not a.attisdropped
union all
select format('index %s', pg_get_indexdef(oid)) from relations where relkind = 'i'
union all
select format('view %s: %s', name, pg_get_viewdef(oid)) from relations where relkind in ('m', 'v')
union all
select format('sequence %s', s) from pg_catalog.pg_sequences as s
where s.schemaname in (select nspname from schemas)
union all
select format('constraint %s of %s: %s', c.conname, coalesce(r.name::text, c.contypid::regtype::text), pg_get_constraintdef(c.oid))
from pg_catalog.pg_constraint as c
left join relations as r on r.oid = c.conrelid
where c.connamespace in (select oid from schemas)
union all
select format('trigger on %s: %s, enabled %s', r.name, pg_get_triggerdef(t.oid), t.tgenabled)
from pg_catalog.pg_trigger as t
join relations as r on r.oid = t.tgrelid
where not t.tgisinternal
union all
select format(
  'policy %s on %s: %s, permissive %s, to %s, using %s, check %s',
  p.polname, r.name, p.polcmd, p.polpermissive, p.polroles::regrole[],
  pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
)
from pg_catalog.pg_policy as p
join relations as r on r.oid = p.polrelid
union all
select format(
  'routine %s: owner %s, access %s, %s',
  name, proowner::regrole, proacl, case when prokind <> 'a' then pg_get_functiondef(oid) end
)
from routines
union all
select format(
  'type %s: %s, owner %s, access %s, values %s',
  t.oid::regtype, t.typtype, t.typowner::regrole, t.typacl,
  (select array_agg(e.enumlabel order by e.enumsortorder) from pg_catalog.pg_enum as e where e.enumtypid = t.oid)
)
from pg_catalog.pg_type as t
where t.typnamespace in (select oid from schemas) and t.typelem = 0
union all
select format('comment on %s: %s', pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description)
from pg_catalog.pg_description as d
where (d.classoid = 'pg_class'::regclass and d.objoid in (select oid from relations))
  or (d.classoid = 'pg_proc'::regclass and d.objoid in (select oid from routines))
union all
select format('extension %s in %s', e.extname, e.extnamespace::regnamespace) from pg_catalog.pg_extension as e
union all
select format('publication %s: %s.%s', p.pubname, p.schemaname, p.tablename)
from pg_catalog.pg_publication_tables as p
