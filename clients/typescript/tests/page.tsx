/** The page that the browser tests open: a feed as an app would have it. What it shows is in its URL. */

import { createClient } from "@supabase/supabase-js";
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";

import type { LiveSource } from "../src/live";
import type { Post } from "../src/client";
import {
  type Like,
  SuplatzigramProvider,
  useLike,
  useLikes,
  useLiveLikes,
  usePostImage,
  useSuplatzigram,
} from "../src/react";

const asked = new URLSearchParams(location.search);
const postIds = asked.getAll("post");
const kind = asked.get("kind") ?? "likes";

function Button({ postId, like }: { postId: string; like: Like }) {
  return (
    <button id={`p${postId}`} aria-pressed={like.liked} data-pending={like.pending} data-error={like.error?.name} onClick={like.toggle}>
      {like.likes ?? "?"}
    </button>
  );
}

const One = ({ postId }: { postId: string }) => <Button postId={postId} like={useLike(postId)} />;
const Live = ({ postId }: { postId: string }) => <Button postId={postId} like={useLiveLikes(postId)} />;

function Feed() {
  const page = useLikes(postIds);
  return postIds.map((postId) => {
    const like = { ...page.of(postId), toggle: () => page.toggle(postId), set: (to: boolean) => page.set(postId, to) };
    return <Button key={postId} postId={postId} like={like} />;
  });
}

function Picture({ postId }: { postId: string }) {
  const { status, img, placeholder } = usePostImage({ id: postId, image: null, imageUrl: "new" } satisfies Partial<Post>);
  return (
    <figure data-status={status} data-placeholder={placeholder?.slice(0, 15)}>
      {img && <img alt="" {...img} sizes="100px" />}
    </figure>
  );
}

function NewPost({ imageUrl }: { imageUrl: string }) {
  const { client } = useSuplatzigram();
  const [post, setPost] = useState<Post | null>(null);
  const publish = async () => setPost((await client.createPost({ imageUrl })).post);
  return post ? <Picture postId={post.id} /> : <button id="publish" onClick={publish} />;
}

function Page() {
  const [isShown, setShown] = useState(true);
  const shown = {
    likes: () => <Feed />,
    one: () => postIds.map((postId) => <One key={postId} postId={postId} />),
    live: () => postIds.map((postId) => <Live key={postId} postId={postId} />),
    image: () => postIds.map((postId) => <Picture key={postId} postId={postId} />),
  }[kind];
  return (
    <>
      {isShown && shown?.()}
      {asked.has("image") && <NewPost imageUrl={asked.get("image") ?? ""} />}
      <button id="leave" onClick={() => setShown(false)} />
    </>
  );
}

const realtime = asked.get("realtime");
const live: { live?: LiveSource } = realtime
  ? { live: createClient(realtime, "sb_publishable_test", { realtime: { timeout: 2_000, reconnectAfterMs: () => 200 } }) }
  : {};

const [sessionKey, token] = [asked.get("sessionKey"), asked.get("token")];
const whose = { ...(sessionKey && { sessionKey }), ...(token && { accessToken: () => token }) };

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <SuplatzigramProvider baseUrl={asked.get("functions") ?? ""} {...live} {...whose}>
      <Page />
    </SuplatzigramProvider>
  </StrictMode>,
);
