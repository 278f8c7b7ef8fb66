/** The small parts that every screen is made of. */

import {
  type ButtonHTMLAttributes,
  cloneElement,
  type InputHTMLAttributes,
  type ReactElement,
  type ReactNode,
  useId,
} from "react";
import { inWords } from "../api/errors";
import { STATE_NAMES } from "../text";
import { Icon, type IconName } from "./icons";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: "plain" | "main" | "danger" | "quiet";
  icon?: IconName;
  busy?: boolean;
}

export function Button({
  kind = "plain",
  icon,
  busy = false,
  children,
  disabled,
  className = "",
  ...others
}: ButtonProps) {
  return (
    <button
      type="button"
      className={`button ${kind} ${className}`}
      disabled={disabled || busy}
      aria-busy={busy}
      {...others}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

export function State({ status }: { status: string }) {
  return <span className={`state ${status}`}>{STATE_NAMES[status] ?? status}</span>;
}

export function Tag({ tone = "plain", children }: { tone?: "plain" | "warn" | "bad" | "good"; children: ReactNode }) {
  return <span className={`tag ${tone}`}>{children}</span>;
}

interface CardProps {
  title?: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
  className?: string;
}

export function Card({ title, aside, children, className = "" }: CardProps) {
  return (
    <section className={`card ${className}`}>
      {title && (
        <header>
          <h2>{title}</h2>
          {aside}
        </header>
      )}
      {children}
    </section>
  );
}

export function PageHead({ title, children }: { title: ReactNode; children?: ReactNode }) {
  return (
    <header className="page-head">
      <h1 tabIndex={-1}>{title}</h1>
      <div className="actions">{children}</div>
    </header>
  );
}

/** Grey bars where rows will be. */
export function Loading({ rows = 5, what }: { rows?: number; what: string }) {
  return (
    <div className="loading" role="status">
      <span className="unseen">Loading {what}…</span>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: bars have nothing else
        <span key={row} className="bar" aria-hidden="true" />
      ))}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children && <p>{children}</p>}
    </div>
  );
}

/** What to show when there is nothing but an error. */
export function Failed({ error, retry, what }: { error: unknown; retry?: () => void; what: string }) {
  return (
    <div className="failure" role="alert">
      <Icon name="warn" />
      <div>
        <p className="failure-title">{what} could not be loaded.</p>
        <p>{inWords(error)}</p>
      </div>
      {retry && (
        <Button icon="refresh" onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** What may be wider than the page. It scrolls by itself, so a keyboard must reach it. */
export function Scroll({
  label,
  className = "",
  children,
}: {
  label: string;
  className?: string;
  children: ReactNode;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
    <section className={`scroll ${className}`} aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}

interface FieldProps {
  label: string;
  hint?: ReactNode;
  problem?: string | null | undefined;
  /** The input itself. */
  children: ReactElement<InputHTMLAttributes<HTMLInputElement>>;
  className?: string;
}

/** A labelled input, with a hint and what is wrong with it, both of which belong to it for screen readers too. */
export function Field({ label, hint, problem, children, className = "" }: FieldProps) {
  const id = useId();
  const described = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ");
  return (
    <div className={`field ${problem ? "wrong" : ""} ${className}`}>
      <label className="label" htmlFor={id}>
        {label}
      </label>
      {cloneElement(children, {
        id,
        ...(described ? { "aria-describedby": described } : {}),
        ...(problem ? { "aria-invalid": true } : {}),
      })}
      {hint && (
        <span className="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {problem && (
        <span className="problem" id={`${id}-problem`} role="alert">
          {problem}
        </span>
      )}
    </div>
  );
}

export function Facts({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <dl className="facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A share as a bar; the number stands beside it. Its width goes through the DOM, which the page's policy allows. */
export function Meter({ share }: { share: number }) {
  return (
    <span className="meter" aria-hidden="true">
      <span style={{ width: `${share > 0 ? Math.max(3, Math.min(1, share) * 100) : 0}%` }} />
    </span>
  );
}
