// Local stand-in for a hosted Supabase project's API: PostgREST, Auth and Storage on plain Postgres.
//
// POST /rest/v1/rpc/* is answered by rpc.mjs, everything else by @supabase/lite, patched in lite.mjs.
//
// One process serves several databases: /rest/v1/... is the default one, /db/<name>/rest/v1/... any
// other, so that each test can have its own clone. /dev/<action> is for the stack itself.
import http from "node:http";

import { config, whenParentIsGone } from "./config.mjs";

import { getRequestListener } from "@hono/node-server";

import { closeAllDatabases, closeDatabase, openDatabase } from "./database.mjs";
import { answer } from "./lite.mjs";
import { toProblem } from "./problems.mjs";
import { current, identify } from "./requests.mjs";
import { callFunction } from "./rpc.mjs";

const STOP_MS = 2000;

const actions = {
  close: closeDatabase,
  reload: async (name) => (await openDatabase(name)).reload(),
  system: async (name) => (await openDatabase(name)).app.ensureSystemSchema(),
  warm: openDatabase,
};

// Splits /db/<name>/rest into the database's name and the rest.
function route(url) {
  const other = /^\/db\/([a-z0-9_]+)(\/.*)$/.exec(url);
  return other ? { name: other[1], url: other[2] } : { name: config.database, url };
}

// Allows pages of any origin, as the hosted API does. Returns true when that was the whole request.
function allowOrigin(request, response) {
  if (!request.headers.origin) return false;
  response.setHeader("Access-Control-Allow-Origin", "*");
  response.setHeader("Access-Control-Expose-Headers", "Content-Range, Content-Profile, Location");
  if (request.method !== "OPTIONS" || !request.headers["access-control-request-method"]) return false;
  response.writeHead(204, {
    "Access-Control-Allow-Methods": "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS",
    "Access-Control-Allow-Headers": request.headers["access-control-request-headers"] ?? "*",
    "Access-Control-Max-Age": "3600",
  });
  response.end();
  return true;
}

async function control(request, response, name, action) {
  if (request.headers.apikey !== config.auth.secret_key) return response.writeHead(401).end();
  if (!Object.hasOwn(actions, action)) return response.writeHead(404).end();
  await actions[action](name);
  return response.writeHead(204).end();
}

async function serve(request, response, session) {
  const { name, url } = route(request.url);
  request.url = url;
  if (url === "/health") return response.writeHead(200).end(config.mark);
  if (url.startsWith("/dev/")) return control(request, response, name, url.slice("/dev/".length));
  if (allowOrigin(request, response)) return undefined;
  const { pathname, search } = new URL(url, "http://x");
  const rest = pathname.startsWith("/rest/v1/");
  if (rest) session.identity = await identify(request);
  const database = await openDatabase(name);
  const context = {
    rest,
    role: session.identity?.role,
    method: request.method,
    path: pathname.replace("/rest/v1", ""),
    headers: request.headers,
  };
  return current.run(context, async () => {
    const call = /^\/rest\/v1\/rpc\/([^/]+)$/.exec(pathname);
    if (call && request.method === "POST" && !search) {
      return callFunction(database, request, response, decodeURIComponent(call[1]), session.identity);
    }
    return getRequestListener((fetched) => answer(database.app, pathname, fetched))(request, response);
  });
}

const server = http.createServer(async (request, response) => {
  const session = {};
  try {
    await serve(request, response, session);
  } catch (error) {
    const { status, body, headers } = toProblem(error, session.identity?.role === "anon");
    if (status >= 500 && !error.severity) console.error(error);
    if (!response.headersSent) {
      response.writeHead(status, { "Content-Type": "application/json; charset=utf-8", ...headers });
    }
    response.end(JSON.stringify(body));
  }
});

async function stop() {
  server.close();
  server.closeAllConnections();
  await Promise.race([closeAllDatabases(), new Promise((done) => setTimeout(done, STOP_MS))]);
  process.exit(0);
}

process.on("SIGTERM", stop);
process.on("SIGINT", stop);
// The Postgres driver that lite uses throws from a timer when a connection is cut.
process.on("unhandledRejection", (error) => console.error("unhandled", error));
process.on("uncaughtException", (error) => {
  console.error("uncaught", error);
  if (error.code === "EADDRINUSE") process.exit(1);
});
whenParentIsGone(stop);
server.listen(config.port, config.host);
