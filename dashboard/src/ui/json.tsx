/** JSON as it is, laid out, with a button that copies it. */

import { useState } from "react";
import type { Json as JsonValue } from "../api/contract";
import { Button, Scroll } from "./parts";

export function Json({ value, label }: { value: JsonValue; label: string }) {
  const text = JSON.stringify(value, null, 2);
  return (
    <div className="json">
      <Scroll label={label}>
        <pre>{pieces(text)}</pre>
      </Scroll>
      <Copy text={text} />
    </div>
  );
}

export function Copy({ text, label = "Copy" }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), 1_500);
    } catch {
      // A browser may forbid it; the text can be selected all the same.
      setCopied(false);
    }
  };
  return (
    <Button kind="quiet" icon={copied ? "check" : "copy"} onClick={copy}>
      {copied ? "Copied" : label}
    </Button>
  );
}

const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

function pieces(text: string) {
  const shown = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [whole, string, colon] = match;
    shown.push(text.slice(end, match.index));
    const kind = colon ? "key" : string ? "string" : "plain";
    shown.push(
      <span key={match.index} className={`json-${kind}`}>
        {colon ? string : whole}
      </span>,
      colon ?? "",
    );
    end = match.index + whole.length;
  }
  return [...shown, text.slice(end)];
}
