/** Whether the page keeps itself up to date. One may stop that, to read in peace. */

import { createContext, type ReactNode, useContext, useMemo, useState } from "react";

const EVERY_MS = 5_000;

interface Live {
  live: boolean;
  setLive(live: boolean): void;
}

const LiveContext = createContext<Live>({ live: true, setLive: () => undefined });

export function LiveProvider({ children }: { children: ReactNode }) {
  const [live, setLive] = useState(true);
  const value = useMemo(() => ({ live, setLive }), [live]);
  return <LiveContext value={value}>{children}</LiveContext>;
}

export function useLive(): Live {
  return useContext(LiveContext);
}

/** Return how often queries ask again, or false while the refresh is paused. */
export function useRefreshMs(everyMs = EVERY_MS): number | false {
  return useLive().live ? everyMs : false;
}
