// One database as the API sees it: PostgREST's connections and schema cache, and lite's part.
import pg from "pg";

import { config } from "./config.mjs";
import { connectLite, openApp, shareIntrospection } from "./lite.mjs";

const ROLES = ["anon", "authenticated", "service_role", "authenticator"];

// Every function of the exposed schemas with what a call needs to know of it. `composite` is also
// true of out parameters and "returns table".
const FUNCTIONS = `
  select
    n.nspname as schema, p.proname as name, p.pronargdefaults as defaults,
    p.proretset as "set", p.provolatile as volatility,
    p.prorettype = 'void'::regtype as void,
    coalesce(p.proconfig, '{}') as settings,
    (t.typtype = 'c' or coalesce(b.typtype = 'c', false) or p.prorettype = 'record'::regtype) as composite,
    coalesce((
      select array_agg(a.name order by a.i)
      from unnest(p.proargnames, p.proargmodes) with ordinality as a(name, mode, i)
      where coalesce(a.mode, 'i') in ('i', 'b', 'v')), '{}') as names,
    coalesce((
      select array_agg(format_type(x.type, null) order by x.i)
      from unnest(p.proargtypes) with ordinality as x(type, i)), '{}') as types
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  join pg_type t on t.oid = p.prorettype
  left join pg_type b on b.oid = t.typbasetype
  where p.prokind = 'f' and p.provariadic = 0 and n.nspname = any($1)`;

// ["statement_timeout=3s", ...] as an object.
export function parseSettings(pairs) {
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
}

function urlOf(base, name) {
  const url = new URL(base);
  url.pathname = `/${name}`;
  return url.href;
}

export class Database {
  roleSettings = {};
  functions = new Map();

  static async open(name) {
    const database = new Database(name);
    database.app = await openApp(database.lite, name);
    // Tests' databases are clones of one template.
    if (name.startsWith("test_")) database.stopSharing = await shareIntrospection(database.lite);
    await database.load();
    return database;
  }

  constructor(name) {
    this.name = name;
    this.pool = new pg.Pool({
      connectionString: urlOf(config.authenticator_url, name),
      max: config.pool_size,
      connectionTimeoutMillis: 10_000,
      idleTimeoutMillis: 30_000,
      application_name: "postgrest",
      options: "-c TimeZone=UTC",
    });
    // When a connection is cut its query fails, and the next request opens another.
    this.pool.on("error", () => {});
    this.pool.on("connect", (client) => client.on("error", () => {}));
    this.lite = connectLite(urlOf(config.admin_url, name), () => this.roleSettings);
  }

  // Reads PostgREST's schema cache and the roles' settings.
  async load() {
    const roles = await this.pool.query(
      "select rolname, coalesce(rolconfig, '{}') as settings from pg_roles where rolname = any($1)",
      [ROLES],
    );
    this.roleSettings = Object.fromEntries(roles.rows.map((row) => [row.rolname, parseSettings(row.settings)]));
    this.preRequest = this.roleSettings.authenticator["pgrst.db_pre_request"];
    const { rows } = await this.pool.query(FUNCTIONS, [config.api.schemas]);
    this.functions = Map.groupBy(rows, (row) => `${row.schema}.${row.name}`);
  }

  // After a change of the schema.
  async reload() {
    this.stopSharing?.();
    await this.load();
    await this.lite.clearSchemaCache();
  }

  async transaction(work) {
    const client = await this.pool.connect();
    let broken;
    try {
      const result = await work(client);
      await client.query("commit");
      return result;
    } catch (error) {
      await client.query("rollback").catch((second) => {
        broken = second;
      });
      throw error;
    } finally {
      client.release(broken);
    }
  }

  async close() {
    await Promise.allSettled([this.pool.end(), this.lite.driver.end({ timeout: 1 })]);
  }
}

const databases = new Map(); // name -> promise of an open Database

export function openDatabase(name) {
  if (!databases.has(name)) {
    const opening = Database.open(name).catch((error) => {
      databases.delete(name);
      throw error;
    });
    databases.set(name, opening);
  }
  return databases.get(name);
}

export async function closeDatabase(name) {
  const opening = databases.get(name);
  databases.delete(name);
  await (await opening)?.close();
}

export async function closeAllDatabases() {
  await Promise.allSettled([...databases.keys()].map(closeDatabase));
}
