/** A modal dialog: the browser's own, which keeps the focus inside and closes by Escape. */

import { type FormEvent, type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { Button } from "./parts";

interface DialogProps {
  title: string;
  children: ReactNode;
  onClose(): void;
  onSubmit?: () => void;
  /** The buttons besides the one that closes. */
  buttons?: ReactNode;
  closeText?: string;
  wide?: boolean;
}

export function Dialog({
  title,
  children,
  onClose,
  onSubmit,
  buttons,
  closeText = "Close",
  wide = false,
}: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  // A layout effect: its end comes before the dialog is removed, and only a closing dialog gives the focus back.
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit?.();
  };
  return (
    <dialog
      ref={dialog}
      className={wide ? "wide" : ""}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <form onSubmit={submit} noValidate>
        <h2 id={heading}>{title}</h2>
        <div className="dialog-body">{children}</div>
        <footer>
          <Button onClick={onClose}>{closeText}</Button>
          {buttons}
        </footer>
      </form>
    </dialog>
  );
}
