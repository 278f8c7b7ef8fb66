/** Numbers, times and the words of the queue, as a person reads them. */

const WHOLE = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const TENTHS = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 1 });

export function count(value: number): string {
  return WHOLE.format(value);
}

/** "1 job", "1,204 jobs". */
export function jobs(value: number, word = "job"): string {
  return `${count(value)} ${word}${value === 1 ? "" : "s"}`;
}

export function rate(perMinute: number): string {
  return `${perMinute < 10 ? TENTHS.format(perMinute) : WHOLE.format(perMinute)}/min`;
}

export function share(value: number): string {
  const percent = value * 100;
  return `${percent > 0 && percent < 10 ? TENTHS.format(percent) : WHOLE.format(percent)} %`;
}

/** A length of time from milliseconds: "340 ms", "2.1 s", "4 min 12 s", "3 h 5 min", "2 d 4 h". */
export function duration(ms: number): string {
  if (ms < 1_000) {
    return `${Math.max(0, Math.round(ms))} ms`;
  }
  if (ms < 60_000) {
    return `${TENTHS.format(ms / 1_000)} s`;
  }
  const seconds = Math.round(ms / 1_000);
  const units: [number, string, number, string][] = [
    [86_400, "d", 3_600, "h"],
    [3_600, "h", 60, "min"],
    [60, "min", 1, "s"],
  ];
  for (const [size, name, smaller, smallerName] of units) {
    if (seconds >= size) {
      const rest = Math.floor((seconds % size) / smaller);
      return `${Math.floor(seconds / size)} ${name}${rest ? ` ${rest} ${smallerName}` : ""}`;
    }
  }
  return `${seconds} s`;
}

/** A length of time in one unit, for places with little room: "4 min", "3 h". */
export function shortDuration(ms: number): string {
  return duration(ms).split(" ").slice(0, 2).join(" ");
}

/** "12 s ago", "in 3 min". */
export function relative(moment: Date, now: number): string {
  const away = moment.getTime() - now;
  if (Math.abs(away) < 1_000) {
    return "now";
  }
  const length = shortDuration(Math.floor(Math.abs(away) / 1_000) * 1_000);
  return away < 0 ? `${length} ago` : `in ${length}`;
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const DAY_AND_YEAR = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** In the viewer's zone: the clock for today, with the day for another day. */
export function local(moment: Date, now: number): string {
  const today = new Date(now);
  if (moment.toDateString() === today.toDateString()) {
    return CLOCK.format(moment);
  }
  const day = moment.getFullYear() === today.getFullYear() ? DAY.format(moment) : DAY_AND_YEAR.format(moment);
  return `${day}, ${CLOCK.format(moment)}`;
}

export function utc(moment: Date): string {
  return `${moment.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** process_image -> "process image". */
export function words(name: string): string {
  return name.replaceAll(/[_-]/g, " ");
}

export function shortId(id: string): string {
  return id.length > 13 ? `…${id.slice(-8)}` : id;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What a state is called where jobs are read. */
export const STATE_NAMES: Record<string, string> = {
  pending: "Pending",
  processing: "Running",
  failed: "Retrying",
  completed: "Completed",
  dead: "Dead",
  discarded: "Discarded",
  cancelled: "Cancelled",
};
