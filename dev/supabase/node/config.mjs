// What the parent tells this server: one line of JSON on standard input, before anything else.
//
// Not through the environment: there every process of the same user could read the keys.
import { createInterface } from "node:readline";

// lite reads this when it is imported, so this module must be imported before it.
process.env.EXPERIMENTAL_STORAGE = "1";

const lines = createInterface({ input: process.stdin });
const { value: line } = await lines[Symbol.asyncIterator]().next();
if (line === undefined) process.exit(1);

const given = JSON.parse(line);

// { host, port, mark, database, pool_size, storage_folder, admin_url, authenticator_url,
//   api, auth, storage }: `api`, `auth` and `storage` as in supabase/config.toml.
export const config = {
  ...given,
  api: { schemas: ["public"], extra_search_path: ["public", "extensions"], max_rows: 1000, ...given.api },
};

// Calls `action` when the parent closes the pipe: on purpose, or because it died.
export function whenParentIsGone(action) {
  lines.on("close", action);
}
