/** Signing in: as a person with an account, or with a token. */

import { type FormEvent, useEffect, useRef, useState } from "react";
import { ApiError, inWords } from "../api/errors";
import { useAccess } from "../api/session";
import { Button, Field } from "../ui/parts";
import { useTheme } from "../ui/theme";

type Way = "account" | "token";

export function SignIn() {
  const { ended, signInWithPassword, signInWithToken } = useAccess();
  const { theme, toggle } = useTheme();
  const [way, setWay] = useState<Way>("token");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  // There is nothing else to do here.
  useEffect(() => first.current?.focus(), []);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const text = (name: string) => String(given.get(name) ?? "");
    setBusy(true);
    setProblem(null);
    try {
      if (way === "token" && !/^[!-~]+$/.test(text("token").trim())) {
        throw new NotAToken(); // no header can hold it
      }
      if (way === "token") {
        await signInWithToken(text("token"));
      } else {
        await signInWithPassword(text("email"), text("password"));
      }
    } catch (error) {
      setProblem(refusal(error, way));
      setBusy(false);
    }
  };

  return (
    <main className="sign-in">
      <form onSubmit={submit}>
        <img src={`${import.meta.env.BASE_URL}icon.svg`} alt="" width="36" height="36" />
        <h1>Suplatzigram’s queue</h1>
        <p className="quiet">Sign in to see what the jobs do, and to mend what went wrong.</p>
        {ended && (
          <p className="remark" role="status">
            {ended}
          </p>
        )}
        <fieldset className="choice">
          <legend className="unseen">Sign in with</legend>
          {(["token", "account"] as const).map((each) => (
            <label key={each}>
              <input type="radio" name="way" checked={way === each} onChange={() => setWay(each)} />
              <span>{each === "token" ? "Token" : "Account"}</span>
            </label>
          ))}
        </fieldset>
        {way === "token" ? (
          <Field key="token" label="Token" hint="ADMIN_API_TOKEN, or VIEWER_API_TOKEN to look only.">
            <input name="token" type="password" required autoComplete="off" spellCheck={false} ref={first} />
          </Field>
        ) : (
          <>
            <Field key="email" label="Email">
              <input name="email" type="email" required autoComplete="username" ref={first} />
            </Field>
            <Field key="password" label="Password" hint="A Supabase user whose role is admin or viewer.">
              <input name="password" type="password" required autoComplete="current-password" />
            </Field>
          </>
        )}
        {problem && (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
        <Button type="submit" kind="main" busy={busy}>
          {busy ? "Signing in…" : "Sign in"}
        </Button>
        <p className="quiet small">The token stays in this page’s memory. A reload forgets it.</p>
      </form>
      <Button
        kind="quiet"
        icon={theme === "dark" ? "sun" : "moon"}
        onClick={toggle}
        aria-label={theme === "dark" ? "Light colours" : "Dark colours"}
      />
    </main>
  );
}

class NotAToken extends Error {}

function refusal(error: unknown, way: Way): string {
  const refused = error instanceof ApiError && error.status === 401;
  if (refused || error instanceof NotAToken) {
    return way === "token" ? "This token is not accepted." : "The email or the password is wrong.";
  }
  if (error instanceof ApiError && error.status === 403) {
    return "This account is neither admin nor viewer. Ask whoever runs the project to set app_metadata.role.";
  }
  return inWords(error);
}
