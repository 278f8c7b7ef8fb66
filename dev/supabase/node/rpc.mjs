// POST /rest/v1/rpc/<function>, with PostgREST's semantics: Postgres itself parses the JSON
// arguments and renders the JSON result.
import pg from "pg";

import { config } from "./config.mjs";
import { parseSettings } from "./database.mjs";
import { problem } from "./problems.mjs";
import { transactionSettings } from "./requests.mjs";

// A function's own settings that PostgREST lifts to the transaction.
const HOISTED = ["statement_timeout", "plan_filter.statement_cost_limit"];

const quoted = (name) => `"${name.replaceAll('"', '""')}"`;

export async function callFunction(database, request, response, name, identity) {
  const schema = request.headers["content-profile"] ?? config.api.schemas[0];
  if (!config.api.schemas.includes(schema)) {
    const hint = `Only the following schemas are exposed: ${config.api.schemas.join(", ")}`;
    throw problem(406, "PGRST106", `Invalid schema: ${schema}`, null, hint);
  }
  const text = await bodyOf(request);
  const args = parseArguments(text);
  const found = await resolve(database, schema, name, Object.keys(args));
  const prefer = request.headers.prefer ?? "";
  const wanted = {
    single: (request.headers.accept ?? "").includes("vnd.pgrst.object"),
    total: /count=exact/.test(prefer),
    body: !/return=minimal/.test(prefer),
  };
  const row = await run(database, found, args, text, identity, wanted);
  reply(response, found, row, wanted);
}

async function bodyOf(request) {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  return text;
}

function parseArguments(text) {
  try {
    return text ? JSON.parse(text) : {};
  } catch {
    throw problem(400, "PGRST102", "Empty or invalid json");
  }
}

// Finds the function that takes these arguments; reads the schema again before giving up.
async function resolve(database, schema, name, keys) {
  let found = match(database, schema, name, keys);
  if (!found) {
    await database.load();
    found = match(database, schema, name, keys);
  }
  if (found) return found;
  const sorted = keys.toSorted().join(", ");
  const parameters = keys.length ? `with parameter${keys.length > 1 ? "s" : ""} ${keys.join(", ")}` : "without parameters";
  const called = `${schema}.${name}`;
  throw problem(
    404,
    "PGRST202",
    `Could not find the function ${called}${keys.length ? `(${sorted})` : " without parameters"} in the schema cache`,
    `Searched for the function ${called} ${parameters} or with a single unnamed json/jsonb parameter, ` +
      "but no matches were found in the schema cache.",
  );
}

function match(database, schema, name, keys) {
  const overloads = database.functions.get(`${schema}.${name}`) ?? [];
  const fitting = overloads.filter((candidate) => {
    const required = candidate.names.slice(0, candidate.names.length - candidate.defaults);
    return keys.every((key) => candidate.names.includes(key)) && required.every((arg) => keys.includes(arg));
  });
  if (fitting.length > 1) {
    const list = fitting.map(signature).join(", ");
    throw problem(300, "PGRST203", `Could not choose the best candidate function between: ${list}`);
  }
  return fitting[0];
}

function signature({ schema, name, names, types }) {
  return `${schema}.${name}(${names.map((arg, i) => `${arg} => ${types[i]}`).join(", ")})`;
}

// Runs the call in a transaction of its own, as the caller's role.
function run(database, found, args, text, identity, wanted) {
  const own = parseSettings(found.settings);
  const settings = transactionSettings({
    ...identity,
    schema: found.schema,
    roleSettings: database.roleSettings,
    extra: Object.fromEntries(Object.entries(own).filter(([name]) => HOISTED.includes(name))),
  });
  const level = own.default_transaction_isolation ?? database.roleSettings[identity.role]?.default_transaction_isolation;
  const access = found.volatility === "v" ? "read write" : "read only";
  const mode = level ? `isolation level ${level}, ${access}` : access;
  const set = `select set_config(key, value, true) from jsonb_each_text(${pg.escapeLiteral(settings)})`;
  const given = found.names.filter((name) => name in args);
  return database.transaction(async (client) => {
    await client.query(`begin ${mode}; ${set}`);
    if (database.preRequest) await client.query(`select ${database.preRequest}()`);
    // Not prepared: a plan kept from another role skips the EXECUTE check of an inlined function.
    const { rows } = await client.query(statement(found, given, wanted), given.length ? [text] : []);
    const [row] = rows;
    if (wanted.single && row.n !== 1) {
      throw problem(406, "PGRST116", "Cannot coerce the result to a single JSON object", `The result contains ${row.n} rows`);
    }
    return row;
  });
}

// One statement for the call, its JSON, its row counts, and the status and headers it chose.
function statement(found, given, wanted) {
  const typeOf = (name) => found.types[found.names.indexOf(name)];
  const passed = given.map((name) => `${quoted(name)} := a.${quoted(name)}`).join(", ");
  const call = `${quoted(found.schema)}.${quoted(found.name)}(${passed})`;
  const columns = given.map((name) => `${quoted(name)} ${typeOf(name)}`).join(", ");
  const from = given.length ? `json_to_record($1::text::json) as a(${columns}), lateral ` : "";
  const rows = found.composite ? `select c.* from ${from}${call} c` : `select c.v from ${from}(select ${call} as v) c`;
  const item = found.composite ? "t" : "t.v";
  const many = found.set && !wanted.single;
  const body = many ? `coalesce(json_agg(${item}), '[]')` : `coalesce(json_agg(${item}) -> 0, 'null')`;
  const limit = found.set && config.api.max_rows ? `limit ${config.api.max_rows}` : "";
  return `
    with source as (${rows})
    select
      ${body}::text as body,
      count(*)::int as n,
      ${wanted.total ? "(select count(*)::int from source)" : "null::int"} as total,
      nullif(current_setting('response.status', true), '') as status,
      nullif(current_setting('response.headers', true), '') as headers
    from (select * from source ${limit}) t`;
}

function reply(response, found, row, wanted) {
  const empty = found.void && !found.set;
  const headers = {
    "Content-Range": `${row.n ? `0-${row.n - 1}` : "*"}/${row.total ?? "*"}`,
    "Content-Profile": found.schema,
  };
  for (const header of row.headers ? JSON.parse(row.headers) : []) Object.assign(headers, header);
  const body = empty || !wanted.body ? "" : row.body;
  if (!empty) {
    headers["Content-Type"] = "application/json; charset=utf-8";
    headers["Content-Length"] = Buffer.byteLength(body);
  }
  const usual = empty ? 204 : row.total > row.n ? 206 : 200;
  response.writeHead(Number(row.status ?? usual), headers).end(body);
}
