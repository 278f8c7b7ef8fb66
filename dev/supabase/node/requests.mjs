// Who asks, and what Postgres is told about the request: PostgREST's transaction settings.
import { AsyncLocalStorage } from "node:async_hooks";

import { jwtVerify } from "jose";

import { config } from "./config.mjs";
import { Problem, problem } from "./problems.mjs";

// The request being served: { rest, role, method, path, headers }.
export const current = new AsyncLocalStorage();

const jwtSecret = new TextEncoder().encode(config.auth.jwt_secret);

const roleOfKey = { [config.auth.secret_key]: "service_role", [config.auth.publishable_key]: "anon" };

// The hosted gateway's check of the API key, then PostgREST's choice of role.
export async function identify(request) {
  const key = request.headers.apikey ?? new URL(request.url, "http://x").searchParams.get("apikey");
  if (!key) {
    const hint = "No `apikey` request header or url param was found.";
    throw new Problem(401, { message: "No API key found in request", hint });
  }
  const role = roleOfKey[key];
  if (!role) {
    const hint = "Double check your Supabase `anon` or `service_role` API key.";
    throw new Problem(401, { message: "Invalid API key", hint });
  }
  const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (!token || token === key) return { role, claims: {} };
  try {
    const { payload } = await jwtVerify(token, jwtSecret, { algorithms: ["HS256"] });
    return { role: payload.role ?? "anon", claims: payload };
  } catch (error) {
    if (error.code === "ERR_JWT_EXPIRED") throw problem(401, "PGRST303", "JWT expired");
    throw problem(401, "PGRST301", "JWSError JWSInvalidSignature");
  }
}

// What PostgREST sets in each transaction, as JSON for one call of set_config over its pairs.
export function transactionSettings({ role, claims, schema, roleSettings, extra = {} }) {
  const request = current.getStore();
  const searchPath = [schema, ...config.api.extra_search_path].map((name) => `"${name}"`).join(", ");
  return JSON.stringify({
    ...roleSettings[role],
    search_path: searchPath,
    role,
    "request.jwt.claims": JSON.stringify({ ...claims, role }),
    "request.jwt.claim.sub": claims?.sub ?? "",
    "request.jwt.claim.role": role,
    "request.jwt.claim.email": claims?.email ?? "",
    "request.method": request?.method ?? "",
    "request.path": request?.path ?? "",
    "request.headers": JSON.stringify(request?.headers ?? {}),
    "response.status": "",
    "response.headers": "",
    ...extra,
  });
}
