"use client";
import { sessionId } from "@/lib/session";

export function LikeButton({ postId }: { postId: string }) {
  const like = () =>
    fetch("/api/ratings", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ postId, sessionId: sessionId() }),
    });
  return <button onClick={like}>Like</button>;
}
