/** Who is signed in. The token stays in this page's memory: a reload forgets it. */

import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useRef, useState } from "react";
import { type CallOptions, call } from "./client";
import type { Session, Tokens } from "./contract";
import { ApiError } from "./errors";

const SESSION = "/api/admin/queue/session";
/** A user's token is renewed this long before it ends. */
const AHEAD_MS = 60_000;

interface SignedIn {
  session: Session;
  token: string;
  refreshToken: string | null;
  expiresAtMs: number | null;
}

interface Access {
  session: Session | null;
  /** Why the last session ended, to be shown when signing in again. */
  ended: string | null;
  signInWithToken(token: string): Promise<void>;
  signInWithPassword(email: string, password: string): Promise<void>;
  signOut(): void;
  /** Call a route as whoever is signed in. A refused token ends the session. */
  request<T>(path: string, options?: Omit<CallOptions, "token">): Promise<T>;
}

const AccessContext = createContext<Access | null>(null);

export function useAccess(): Access {
  const access = useContext(AccessContext);
  if (!access) {
    throw new Error("useAccess is used outside of SessionProvider");
  }
  return access;
}

/** Return the session; only for what is shown to somebody who is signed in. */
export function useSession(): Session {
  const { session } = useAccess();
  if (!session) {
    throw new Error("nobody is signed in");
  }
  return session;
}

export function useMayChange(): boolean {
  return useSession().role === "admin";
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const [signedIn, setSignedIn] = useState<SignedIn | null>(null);
  const [ended, setEnded] = useState<string | null>(null);
  const current = useRef<SignedIn | null>(null);
  const renewal = useRef<Promise<string | null> | null>(null);
  const queries = useQueryClient();

  const become = useCallback((next: SignedIn | null) => {
    current.current = next;
    setSignedIn(next);
  }, []);

  const leave = useCallback(
    (why: string | null) => {
      become(null);
      setEnded(why);
      queries.clear();
    },
    [become, queries],
  );

  const enter = useCallback(
    async (token: string, tokens: Tokens | null) => {
      const session = await call<Session>(SESSION, { token });
      setEnded(null);
      become({
        session,
        token,
        refreshToken: tokens?.refreshToken ?? null,
        expiresAtMs: tokens ? momentOf(tokens.expiresAt) : null,
      });
    },
    [become],
  );

  const renew = useCallback((): Promise<string | null> => {
    const from = current.current;
    if (!from?.refreshToken) {
      return Promise.resolve(null);
    }
    renewal.current ??= call<Tokens>(SESSION, { body: { refreshToken: from.refreshToken } })
      .then((tokens) => {
        if (current.current !== from) {
          return null;
        }
        const { accessToken: token, refreshToken, expiresAt } = tokens;
        become({ ...from, token, refreshToken, expiresAtMs: momentOf(expiresAt) });
        return token;
      })
      .catch((error: unknown) => {
        if (error instanceof ApiError && error.status < 500 && error.status !== 429) {
          return null;
        }
        throw error;
      })
      .finally(() => {
        renewal.current = null;
      });
    return renewal.current;
  }, [become]);

  const request = useCallback(
    async <T,>(path: string, options: Omit<CallOptions, "token"> = {}): Promise<T> => {
      const from = current.current;
      if (!from) {
        throw new ApiError(401, "not_authenticated", "Nobody is signed in");
      }
      const isRefusal = (error: unknown) => error instanceof ApiError && error.status === 401;
      try {
        return await call<T>(path, { ...options, token: from.token });
      } catch (error) {
        if (!isRefusal(error)) {
          throw error;
        }
        const token = await renew();
        if (token) {
          return await call<T>(path, { ...options, token });
        }
        if (current.current?.token === from.token) {
          leave(
            from.refreshToken
              ? "Your session has ended. Sign in again to go on where you were."
              : "The token is no longer accepted. Sign in again to go on where you were.",
          );
        }
        throw error;
      }
    },
    [leave, renew],
  );

  const expiresAtMs = signedIn?.expiresAtMs ?? null;
  useEffect(() => {
    if (expiresAtMs === null) {
      return;
    }
    const wait = Math.max(1_000, expiresAtMs - Date.now() - AHEAD_MS);
    // An outage now is no harm: the next call that is refused renews too.
    const timer = setTimeout(() => void renew().catch(() => undefined), Math.min(wait, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  }, [expiresAtMs, renew]);

  const access = useMemo<Access>(
    () => ({
      session: signedIn?.session ?? null,
      ended,
      signInWithToken: (token) => enter(token.trim(), null),
      signInWithPassword: async (email, password) => {
        const tokens = await call<Tokens>(SESSION, { body: { email: email.trim(), password } });
        await enter(tokens.accessToken, tokens);
      },
      signOut: () => leave(null),
      request,
    }),
    [signedIn?.session, ended, enter, leave, request],
  );
  return <AccessContext value={access}>{children}</AccessContext>;
}

function momentOf(expiresAt: string | number): number {
  return typeof expiresAt === "number" ? expiresAt * 1_000 : Date.parse(expiresAt);
}
