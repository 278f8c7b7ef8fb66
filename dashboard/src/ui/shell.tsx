/** What surrounds each screen: the menu, the queue's health, the live switch, and what is wrong with the connection. */

import { useIsFetching, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useSyncExternalStore } from "react";
import { Link, useLocation } from "wouter";
import { inWords } from "../api/errors";
import { useLive } from "../api/live";
import { useHealth, useStats } from "../api/queries";
import { useAccess, useSession } from "../api/session";
import { count, relative } from "../text";
import { useNow } from "./clock";
import { Icon, type IconName } from "./icons";
import { Button } from "./parts";
import { useTheme } from "./theme";

export const SCREENS: { path: string; name: string; icon: IconName }[] = [
  { path: "/", name: "Overview", icon: "overview" },
  { path: "/jobs", name: "Jobs", icon: "jobs" },
  { path: "/types", name: "Job types", icon: "types" },
  { path: "/schedules", name: "Schedules", icon: "schedules" },
  { path: "/runs", name: "Runs", icon: "runs" },
  { path: "/likes", name: "Likes", icon: "likes" },
  { path: "/doctor", name: "Doctor", icon: "doctor" },
  { path: "/journal", name: "Journal", icon: "journal" },
];

export function Shell({ children }: { children: ReactNode }) {
  const [path] = useLocation();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  // A new screen takes the focus, so that a screen reader says where one is now.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the path is what changes
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    main.current?.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [path]);
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="side">
        <Link href="/" className="brand">
          <img src={`${import.meta.env.BASE_URL}icon.svg`} alt="" width="22" height="22" />
          <span>Queue</span>
        </Link>
        <Menu />
        <Operator />
      </header>
      <div className="content">
        <Bar />
        <Connection />
        <main id="main" ref={main} tabIndex={-1}>
          {children}
        </main>
      </div>
    </div>
  );
}

function Menu() {
  const [path] = useLocation();
  const { data: stats } = useStats();
  const badges: Record<string, number> = { "/jobs": stats?.deadLast24h ?? 0 };
  return (
    <nav aria-label="Screens">
      <ul>
        {SCREENS.map(({ path: target, name, icon }) => {
          const here = target === "/" ? path === "/" : path.startsWith(target);
          const badge = badges[target] ?? 0;
          return (
            <li key={target}>
              <Link href={target} aria-current={here ? "page" : undefined}>
                <Icon name={icon} />
                <span>{name}</span>
                {badge > 0 && (
                  <span className="badge" title={`${count(badge)} dead within 24 hours`}>
                    {count(badge)}
                    <span className="unseen"> dead within 24 hours</span>
                  </span>
                )}
              </Link>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

function Operator() {
  const { signOut } = useAccess();
  const session = useSession();
  return (
    <div className="operator">
      <div>
        <span className="who">{session.email ?? session.operator}</span>
        <span className="quiet">
          {session.role === "admin" ? "Admin" : "Viewer: looks, changes nothing"} · {session.version}
        </span>
      </div>
      <Button kind="quiet" icon="out" onClick={signOut} aria-label="Sign out" title="Sign out" />
    </div>
  );
}

function Bar() {
  const { live, setLive } = useLive();
  const { theme, toggle } = useTheme();
  const { dataUpdatedAt } = useStats();
  const fetching = useIsFetching() > 0;
  const queries = useQueryClient();
  const now = useNow();
  const updated = dataUpdatedAt ? relative(new Date(Math.min(dataUpdatedAt, now)), now) : "…";
  return (
    <div className="bar-top">
      <HealthPill />
      <div className="bar-tools">
        <span className={`pulse ${live ? "on" : ""} ${fetching ? "busy" : ""}`} aria-hidden="true" />
        <span className="quiet updated">
          {live ? "Live" : "Paused"}, {updated}
        </span>
        {!live && (
          <Button
            kind="quiet"
            icon="refresh"
            onClick={() => void queries.invalidateQueries()}
            aria-label="Refresh now"
            title="Refresh now"
          />
        )}
        <Button
          kind="quiet"
          icon={live ? "pause" : "play"}
          aria-pressed={!live}
          aria-label="Pause live refresh"
          title={live ? "Pause the live refresh" : "Refresh live again"}
          onClick={() => {
            setLive(!live);
            if (!live) {
              void queries.invalidateQueries();
            }
          }}
        />
        <Button
          kind="quiet"
          icon={theme === "dark" ? "sun" : "moon"}
          onClick={toggle}
          aria-label={theme === "dark" ? "Light colours" : "Dark colours"}
          title={theme === "dark" ? "Light colours" : "Dark colours"}
        />
      </div>
    </div>
  );
}

function HealthPill() {
  const { data, error } = useHealth();
  if (!data) {
    return <span className="health unknown">{error ? "Health unknown" : "Looking…"}</span>;
  }
  const reasons = data.reasons.length;
  return (
    <Link href="/" className={`health ${data.healthy ? "good" : "bad"}`}>
      {data.healthy ? "Healthy" : `Unhealthy: ${reasons} ${reasons === 1 ? "reason" : "reasons"}`}
    </Link>
  );
}

function Connection() {
  const { error, dataUpdatedAt, refetch } = useStats();
  const online = useOnline();
  const now = useNow();
  if (online && !error) {
    return null;
  }
  const since = dataUpdatedAt ? ` The numbers are from ${relative(new Date(dataUpdatedAt), now)}.` : "";
  return (
    <div className="connection" role="alert">
      <Icon name="warn" />
      <span>
        {online ? inWords(error) : "This device is offline."}
        {since}
      </span>
      <Button kind="quiet" onClick={() => void refetch()}>
        Try again
      </Button>
    </div>
  );
}

function useOnline(): boolean {
  return useSyncExternalStore(
    (listener) => {
      addEventListener("online", listener);
      addEventListener("offline", listener);
      return () => {
        removeEventListener("online", listener);
        removeEventListener("offline", listener);
      };
    },
    () => navigator.onLine,
  );
}
