/** The present, once a second, and moments shown against it. */

import { useSyncExternalStore } from "react";
import { local, relative, utc } from "../text";

let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) {
      each();
    }
  }, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

interface MomentProps {
  value: string | null | undefined;
  /** both: the time with how far away it is; ago: only that; at: only the time. */
  as?: "both" | "ago" | "at";
  none?: string;
}

/** A moment in the viewer's zone, with UTC on hover. */
export function Moment({ value, as = "both", none = "–" }: MomentProps) {
  const present = useNow();
  if (!value) {
    return <span className="quiet">{none}</span>;
  }
  const moment = new Date(value);
  const at = local(moment, present);
  const away = relative(moment, present);
  return (
    <time dateTime={value} title={`${utc(moment)} · ${at} here · ${away}`}>
      {as === "ago" ? away : at}
      {as === "both" && <span className="quiet away"> {away}</span>}
    </time>
  );
}
