// @supabase/lite, patched where it differs from the hosted service. It answers everything but
// POST /rest/v1/rpc/*: tables, Auth and Storage.
import path from "node:path";

import { config } from "./config.mjs";

import { App } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";
import { decodeJwt, SignJWT } from "jose";
import { sql } from "kysely";

import { Files } from "./files.mjs";
import { hasSqlstate, toProblem } from "./problems.mjs";
import { current, transactionSettings } from "./requests.mjs";

const isoTime = (text) => text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00");

// lite often passes text that is JSON already.
const toJson = (value) => (typeof value === "string" && /^\s*[[{]/.test(value) ? value : JSON.stringify(value));

const TYPES = {
  timestamp: { to: 1114, from: [1114], serialize: (value) => value, parse: isoTime },
  timestamptz: { to: 1184, from: [1184], serialize: (value) => value, parse: isoTime },
  numeric: { to: 1700, from: [1700], serialize: String, parse: Number },
  json: { to: 114, from: [114], serialize: toJson, parse: JSON.parse },
  jsonb: { to: 3802, from: [3802], serialize: toJson, parse: JSON.parse },
};

// These are left as lite words them: its own code looks for them.
const LITE_KNOWS = ["42P01", "42703", "PGRST"];

let introspectionOfTemplate;

// Connects lite to a database. `roleSettings()` returns the roles' settings, by role.
export function connectLite(url, roleSettings) {
  const connection = createPostgresConnection({
    url,
    postgresOptions: { max: 4, onnotice: () => {}, types: TYPES, connection: { application_name: "lite" } },
  });
  // Else its first request grants everything on every table to anon and authenticated.
  connection.rlsState = "active";
  connection.applyJwtSessionContext = async (db, context) => {
    const settings = transactionSettings({
      role: context.auth?.role || "anon",
      claims: context.auth?.jwt,
      schema: "public",
      roleSettings: roleSettings(),
      extra: context.storage ? { "storage.operation": String(context.storage.operation ?? "") } : {},
    });
    await sql`select set_config(key, value, true) from jsonb_each_text(${settings}::text::jsonb)`.execute(db);
  };
  const normalize = connection.normalizeDbError.bind(connection);
  connection.normalizeDbError = (error) => asPostgrest(normalize(error));
  return connection;
}

// Wraps a Postgres error as lite's own PGRST error, which keeps code, hint and details.
function asPostgrest(error) {
  const request = current.getStore();
  if (!request?.rest || !hasSqlstate(error) || LITE_KNOWS.includes(error.code)) return error;
  const { status, body } = toProblem(error, request.role === "anon");
  const detail = JSON.stringify({ status, headers: {} });
  return Object.assign(new Error(JSON.stringify(body)), { code: "PGRST", detail });
}

export async function openApp(connection, databaseName) {
  const app = new App({
    connection,
    api: config.api,
    db: { migrations: { enabled: false } },
    auth: { ...config.auth, enabled: true },
    storage: { ...config.storage, enabled: true },
    options: { server: { admin: false } },
  });
  app._storageAdapter = new Files(path.join(config.storage_folder, databaseName));
  await app.init();
  return app;
}

// Clones of one template are introspected once: the query over pg_timezone_names takes 100 ms.
// At once, while the clone still is like its template. Returns a function that ends the sharing,
// for a clone whose schema was changed.
export async function shareIntrospection(connection) {
  const own = connection.introspect;
  connection.introspect = (options) => {
    introspectionOfTemplate ??= own.call(connection, { ...options, useCache: false });
    return introspectionOfTemplate;
  };
  await connection.introspect();
  return () => {
    connection.introspect = own;
  };
}

// Takes a request to the part of lite that answers it.
export function answer(app, pathname, request) {
  if (pathname.startsWith("/storage/")) return storage(app, request);
  if (pathname.startsWith("/auth/")) return auth(app, request);
  return app.fetch(request, { peerAddress: null });
}

// lite takes the whole of a multipart upload for the file, ignores its cacheControl field, never
// answers 304, lists folders as if there were none, and names a signed URL otherwise.
async function storage(app, request) {
  if (request.method === "POST" && /\/storage\/v1\/object\/list\//.test(request.url)) return list(app, request);
  const form = /^multipart\/form-data/.test(request.headers.get("content-type") ?? "");
  const upload = form && ["POST", "PUT"].includes(request.method) ? await unwrapped(request) : request;
  const response = await app.fetch(upload, { peerAddress: null });
  if (request.method === "POST" && response.ok && /\/storage\/v1\/object\/sign\//.test(request.url)) {
    const body = await response.json();
    return Response.json(Array.isArray(body) ? body.map(signed) : signed(body));
  }
  const tag = request.headers.get("if-none-match");
  if (tag && tag === response.headers.get("etag")) {
    await response.body?.cancel();
    return new Response(null, { status: 304, headers: response.headers });
  }
  return response;
}

const signed = ({ signedUrl, ...rest }) => ({ ...rest, signedURL: signedUrl?.replace("/storage/v1", "") });

// A folder's entries by their own names, with folders below it as entries without an id.
async function list(app, request) {
  const { prefix = "" } = await request.clone().json();
  const response = await app.fetch(request, { peerAddress: null });
  if (!response.ok) return response;
  const folder = prefix && !prefix.endsWith("/") ? `${prefix}/` : prefix;
  const entries = new Map();
  for (const object of await response.json()) {
    const [name, ...below] = object.name.slice(folder.length).split("/");
    if (object.name.startsWith(folder)) entries.set(name, below.length ? { ...FOLDER, name } : { ...object, name });
  }
  return Response.json([...entries.values()]);
}

const FOLDER = { id: null, updated_at: null, created_at: null, last_accessed_at: null, metadata: null };

// A multipart upload as the plain upload of its file.
async function unwrapped(request) {
  const form = await request.formData();
  const file = [...form.values()].find((value) => typeof value !== "string");
  const age = form.get("cacheControl");
  const headers = new Headers(request.headers);
  headers.set("content-type", file.type || "application/octet-stream");
  headers.set("content-length", String(file.size));
  headers.set("cache-control", age ? `max-age=${age}` : "no-cache");
  return new Request(request.url, { method: request.method, headers, body: await file.arrayBuffer() });
}

// lite's access tokens lack claims that hosted ones carry, app_metadata among them.
async function auth(app, request) {
  const response = await app.fetch(request, { peerAddress: null });
  if (!response.headers.get("content-type")?.includes("json")) return response;
  const body = await response.json();
  if (body?.access_token && body.user) body.access_token = await fullToken(body, request.url);
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  return new Response(JSON.stringify(body), { status: response.status, headers });
}

async function fullToken({ access_token, user }, url) {
  const claims = decodeJwt(access_token);
  return new SignJWT({
    ...claims,
    iss: new URL("/auth/v1", url).href,
    app_metadata: user.app_metadata,
    user_metadata: user.user_metadata,
    phone: "",
    is_anonymous: false,
    aal: "aal1",
    amr: [{ method: "password", timestamp: claims.iat }],
  })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .sign(new TextEncoder().encode(config.auth.jwt_secret));
}
