// Errors as the hosted API words them: PostgREST's statuses and bodies.

export class Problem extends Error {
  constructor(status, body, headers = {}) {
    super(body.message);
    Object.assign(this, { status, body, headers });
  }
}

export function problem(status, code, message, details = null, hint = null) {
  return new Problem(status, { code, details, hint, message });
}

const IS_SQLSTATE = /^[0-9A-Z]{5}$/;

const STATUS_OF_CODE = {
  23503: 409, // foreign key
  23505: 409, // unique
  25006: 405, // write in a read-only transaction
  42883: 404, // no such function
  53400: 500,
  "42P01": 404, // no such table
  "42P17": 500,
  "57P01": 503, // shut down by an administrator
  P0001: 400, // raise exception
};

const STATUS_OF_CLASS = {
  "08": 503, "09": 500, "0L": 403, "0P": 403,
  25: 500, 28: 403, "2D": 500,
  38: 500, 39: 500, "3B": 500,
  40: 500, 53: 503, 54: 500, 55: 500, 57: 500, 58: 500,
  F0: 500, HV: 500, P0: 500, PT: 500, XX: 500,
};

// PostgREST's table from SQLSTATE to HTTP status.
function statusOf(code, message, anonymous) {
  if (code === "42501") return anonymous ? 401 : 403;
  if (code === "22023" && /^role .* does not exist$/.test(message)) return 401;
  if (code === "21000") return /requires a WHERE clause$/.test(message) ? 400 : 500;
  if (/^PT\d{3}$/.test(code)) return Number(code.slice(2));
  return STATUS_OF_CODE[code] ?? STATUS_OF_CLASS[code.slice(0, 2)] ?? 400;
}

// raise sqlstate 'PGRST' using message = '{code, message, ...}', detail = '{status, headers}'
function chosenByFunction(error) {
  try {
    const body = JSON.parse(error.message);
    const { status, headers } = JSON.parse(error.detail);
    const { code, message, details = null, hint = null } = body;
    return new Problem(status, { code, details, hint, message }, headers);
  } catch {
    const text = "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error";
    return problem(500, "PGRST121", text, error.detail ?? null);
  }
}

function connectionProblem(error) {
  const text = String(error?.message ?? error);
  const lost = /^(ECONN|CONNECTION_|EPIPE)/.test(error?.code ?? "") || /terminated|timeout exceeded/.test(text);
  return lost ? problem(503, "PGRST001", text) : problem(500, "PGRSTX00", text);
}

export const hasSqlstate = (error) => IS_SQLSTATE.test(error?.code ?? "");

// Turns whatever was thrown into a Problem.
export function toProblem(error, anonymous) {
  if (error instanceof Problem) return error;
  if (error?.code === "PGRST") return chosenByFunction(error);
  if (!hasSqlstate(error)) return connectionProblem(error);
  const status = statusOf(error.code, error.message, anonymous);
  return problem(status, error.code, error.message, error.detail ?? null, error.hint ?? null);
}
