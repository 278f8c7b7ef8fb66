/** A cron expression in English, or null when it cannot be read. */

import cronstrue from "cronstrue";

export function cronInWords(expression: string): string | null {
  // The database reads five fields; six would mean seconds here.
  if (expression.trim().split(/\s+/).length !== 5) {
    return null;
  }
  try {
    return cronstrue.toString(expression, { use24HourTimeFormat: true, verbose: false });
  } catch {
    return null;
  }
}
