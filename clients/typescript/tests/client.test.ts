import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { blurhashPixels, blurhashUrl } from "../src/blurhash";
import { createClient, type ClientOptions } from "../src/client";
import { ApiError, NoAnswer, readRetryAfter } from "../src/problems";
import { keptSession, newSessionId } from "../src/session";
import { Images } from "../src/images";
import { LiveLikes, type LiveChannel, type LiveSource } from "../src/live";
import { Likes } from "../src/likes";
import { Browser, OTHER, pass, POST, refusal, Server, startClock, stopClock, Storage } from "./pretending";

afterEach(stopClock);

interface Asked {
  url: string;
  init: RequestInit;
}

function clientOf(reply: () => Response | Promise<Response>, options: ClientOptions = {}) {
  const asked: Asked[] = [];
  const answer = async (url: string | URL | Request, init: RequestInit = {}) => {
    asked.push({ url: String(url), init });
    return reply();
  };
  return { asked, client: createClient({ baseUrl: "https://q.example/", fetch: answer, ...options }) };
}

const rated = () => Response.json({ postId: POST, liked: true, likes: 1 });

test("a session id goes in a header, never in a URL or a body", async () => {
  const { asked, client } = clientOf(() => Response.json({ ratings: [] }), { sessionId: () => "s".repeat(32) });
  await client.ratings([POST, OTHER]);
  assert.equal(asked[0]?.url, `https://q.example/api/ratings?postId=${POST}&postId=${OTHER}`);
  assert.equal((asked[0]?.init.headers as Record<string, string>)["x-session-id"], "s".repeat(32));
});

test("routes under a prefix are called there", async () => {
  const { asked, client } = clientOf(rated, { prefix: "jobs" });
  await client.setLike(POST, true);
  assert.equal(asked[0]?.url, "https://q.example/api/jobs/ratings");
});

test("the routes may have a prefix", async () => {
  const { asked, client } = clientOf(() => Response.json({ posts: [], nextCursor: null }), { prefix: "q" });
  await client.posts({ sort: "hot", limit: 5 });
  assert.equal(asked[0]?.url, "https://q.example/api/q/posts?sort=hot&limit=5");
});

const sent = (asked: Asked[]) =>
  asked.map(({ init }) => {
    const headers = init.headers as Record<string, string>;
    return [init.method, headers.authorization ?? null, headers["x-session-id"] ?? null];
  });

test("who is signed in adds posts, and goes on liking as their session", async () => {
  const { asked, client } = clientOf(rated, { sessionId: "s".repeat(32), accessToken: async () => "token" });
  await client.setLike(POST, true);
  await client.createPost({ imageUrl: "a.png" });
  await client.posts();
  assert.deepEqual(sent(asked), [
    ["PUT", null, "s".repeat(32)],
    ["POST", "Bearer token", null],
    ["GET", null, null],
  ]);
  assert.deepEqual(JSON.parse(String(asked[0]?.init.body)), { postId: POST, liked: true });
  assert.equal(asked[0]?.init.keepalive, true);
});

test("with likesAs user the token goes instead of the session, while somebody is signed in", async () => {
  let token: string | null = "token";
  const { asked, client } = clientOf(rated, { likesAs: "user", accessToken: () => token, sessionId: async () => "s".repeat(16) });
  await client.setLike(POST, true);
  token = null;
  await client.setLike(POST, true);
  assert.deepEqual(sent(asked), [["PUT", "Bearer token", null], ["PUT", null, "s".repeat(16)]]);
});

test("options that cannot both hold are refused", () => {
  assert.throws(() => createClient({ sessionId: "s", sessionKey: "k" }), /sessionId, sessionKey: give one/);
  assert.throws(() => createClient({ likesAs: "user" }), /likesAs: "user" needs accessToken/);
});

test("a session id that is not there is nobody's, not that of all for whom it is not there", async () => {
  for (const nothing of ["", null, undefined]) {
    const { asked, client } = clientOf(rated, { sessionId: () => nothing as string });
    await assert.rejects(client.setLike(POST, true), /sessionId: must be/);
    assert.equal(asked.length, 0);
  }
});

/** localStorage for this test; node has one only when it is told so. */
function browserKeeps(key: string, value: string): Storage {
  const storage = new Storage();
  storage.setItem(key, value);
  Object.defineProperty(globalThis, "localStorage", { value: storage, configurable: true });
  return storage;
}

test("an app's own key is where the session id is", async () => {
  const storage = browserKeeps("session_id", "c0ffee00-0000-4000-8000-000000000001");
  const { asked, client } = clientOf(rated, { sessionKey: "session_id" });
  await client.setLike(POST, true);
  assert.deepEqual(sent(asked), [["PUT", null, "c0ffee00-0000-4000-8000-000000000001"]]);
  assert.deepEqual([...storage.kept.keys()], ["session_id"]);
});

const tooShort = () => {
  const details = [{ field: "sessionId", rule: "a new session_id has at least 16 characters" }];
  return Response.json({ error: { code: "invalid_input", message: "x", details } }, { status: 422 });
};

test("a short id of the app's that never liked is replaced by a long one", async () => {
  const storage = browserKeeps("session_id", "k3j9x0aab");
  let answers = [tooShort, rated];
  const { asked, client } = clientOf(() => answers.shift()!(), { sessionKey: "session_id" });
  assert.equal((await client.setLike(POST, true)).liked, true);
  const [[, , first], [, , second]] = sent(asked) as [string[], string[]];
  assert.deepEqual([first, second, second?.length], ["k3j9x0aab", storage.getItem("session_id"), 32]);

  answers = [tooShort];
  await assert.rejects(client.setLike(POST, true), ApiError, "a long one is not replaced");
  assert.equal(storage.getItem("session_id"), second);
});

test("a short id that the app gives is not replaced behind its back", async () => {
  const { asked, client } = clientOf(tooShort, { sessionId: "k3j9x0aab" });
  await assert.rejects(client.setLike(POST, true), ApiError);
  assert.equal(asked.length, 1);
});

test("an error is what docs/http.md says, with the wait that it asks for", async () => {
  const error = { code: "too_many_requests", message: "too many", details: null };
  const { client } = clientOf(() => Response.json({ error }, { status: 429, headers: { "retry-after": "12" } }));
  await assert.rejects(client.setLike(POST, true), (raised: ApiError) => {
    assert.deepEqual([raised.status, raised.code, raised.message], [429, "too_many_requests", "too many"]);
    return raised.retryAfterMs === 12_000;
  });
});

test("what stands before the functions may answer with anything", async () => {
  for (const body of ["<html>", "null", '{"error":"no"}', ""]) {
    const { client } = clientOf(() => new Response(body, { status: 502 }));
    await assert.rejects(client.ratings([POST]), (raised: ApiError) => raised.code === "unknown");
  }
});

test("no network and no JSON are no answer", async () => {
  for (const reply of [() => Promise.reject(new TypeError("fetch failed")), () => new Response("<html>")]) {
    await assert.rejects(clientOf(reply).client.ratings([POST]), NoAnswer);
  }
});

test("a call ends in time", async () => {
  const client = createClient({
    timeoutMs: 20,
    fetch: (_, init) => new Promise((_resolve, reject) => init?.signal?.addEventListener("abort", () => reject(new Error("aborted")))),
  });
  await assert.rejects(client.ratings([POST]), NoAnswer);
});

test("more than a hundred posts in one call are refused", async () => {
  const ids = Array.from({ length: 101 }, () => POST);
  await assert.rejects(clientOf(rated).client.ratings(ids), /postIds: at most 100/);
  await assert.rejects(clientOf(rated).client.postsById(ids), /postIds: at most 100/);
});

test("Retry-After is seconds or a date", () => {
  const now = Date.parse("2026-11-26T10:00:00Z");
  assert.equal(readRetryAfter("3", now), 3_000);
  assert.equal(readRetryAfter("Thu, 26 Nov 2026 10:00:05 GMT", now), 5_000);
  assert.equal(readRetryAfter("Thu, 26 Nov 2026 09:00:00 GMT", now), 0);
  for (const nonsense of [null, "", "soon", "-1"]) assert.equal(readRetryAfter(nonsense, now), null);
});

test("a session id is kept, and is long and random", () => {
  const storage = new Storage();
  const first = keptSession(storage)();
  assert.match(first, /^[0-9a-f]{32}$/);
  assert.equal(keptSession(storage)(), first);
  assert.notEqual(newSessionId(), newSessionId());
});

test("of two tabs that make a session at once both end with the same", () => {
  const storage = new Storage();
  const [one, two] = [keptSession(storage), keptSession(storage)];
  one();
  storage.setItem("suplatzigram:session", "the other tab's, stored last");
  assert.equal(one(), two());
});

test("where nothing can be stored the session lasts as long as the page", () => {
  const refusing = { getItem: () => null, setItem: refuse, removeItem: refuse };
  const session = keptSession(refusing);
  assert.match(session(), /^[0-9a-f]{32}$/);
  assert.equal(session(), session());
  assert.equal(keptSession(null)().length, 32);
});

function refuse(): never {
  throw new Error("SecurityError");
}

test("a blurhash becomes the pixels that the reference decoder makes", () => {
  const expected = [
    [135, 164, 177], [161, 173, 177], [181, 180, 171], [160, 172, 174],
    [124, 154, 169], [148, 148, 154], [164, 145, 134], [146, 152, 155],
    [124, 144, 154], [144, 134, 132], [163, 130, 104], [148, 140, 134],
  ].flat();
  const pixels = blurhashPixels("LEHV6nWB2yk8pyo0adR*.7kCMdnj", 4, 3);
  pixels.forEach((value, at) => assert.ok(Math.abs(value - (expected[at] ?? -9)) <= 1, `${at}: ${value}`));
  for (const nonsense of ["", "L", "LEHV6nWB2yk8pyo0adR*.7kCMdn", "\u00e4".repeat(28)]) {
    assert.throws(() => blurhashPixels(nonsense, 4, 3), RangeError);
  }
});

test("its picture is a BMP of the right size", () => {
  const [head, body] = blurhashUrl("LEHV6nWB2yk8pyo0adR*.7kCMdnj", 5, 3).split(",");
  const file = Buffer.from(body ?? "", "base64");
  assert.equal(head, "data:image/bmp;base64");
  assert.deepEqual([file.toString("latin1", 0, 2), file.readUInt32LE(2), file.length], ["BM", 102, 102]);
  assert.deepEqual([file.readInt32LE(18), file.readInt32LE(22)], [5, 3]);
});

// -- images

const IMAGE = {
  ...{ width: 3, height: 4, blurhash: "LEHV6nWB2yk8pyo0adR*.7kCMdnj", webpUrl: "https://x/a.webp" },
  ...{ jpegUrl: "https://x/a.jpg", thumbnails: [] },
};

test("the images of many new posts are waited for in one call at a time, until they are there", async () => {
  startClock();
  const server = new Server();
  const images = new Images(server, { signals: new Browser() });
  server.images.set(POST, null).set(OTHER, null);
  const changes: string[] = [];
  images.subscribe(POST, () => changes.push(POST));
  images.subscribe(OTHER, () => changes.push(OTHER));
  await pass(1_100);
  assert.deepEqual(server.reads, [[POST, OTHER]]);
  server.images.set(POST, IMAGE);
  await pass(3_000);
  assert.deepEqual([images.get(POST).image, images.get(OTHER).image, changes], [IMAGE, null, [POST]]);
  server.images.set(OTHER, IMAGE);
  await pass(20_000);
  const reads = server.reads.length;
  await pass(60_000);
  assert.deepEqual([changes, server.reads.length, server.reads.at(-1)], [[POST, OTHER], reads, [OTHER]]);
  images.close();
});

test("an image that does not come is given up, and can be waited for again", async () => {
  startClock();
  const server = new Server();
  const images = new Images(server, { signals: new Browser(), giveUpAfterMs: 30_000 });
  server.images.set(POST, null);
  images.subscribe(POST, () => {});
  await pass(60_000);
  assert.equal(images.get(POST).gaveUp, true);
  images.retry(POST);
  server.images.set(POST, IMAGE);
  await pass(2_000);
  assert.deepEqual(images.get(POST), { image: IMAGE, gaveUp: false });
  images.close();
});

test("nobody asks for images on a page that nobody sees, or without a network", async () => {
  startClock();
  const [server, browser] = [new Server(), new Browser()];
  const images = new Images(server, { signals: browser });
  server.images.set(POST, null);
  browser.visible = false;
  images.subscribe(POST, () => {});
  await pass(60_000);
  assert.equal(server.reads.length, 0);
  browser.show();
  server.failingReads = () => refusal(503, 9_000);
  await pass(1_100);
  server.failingReads = () => null;
  await pass(8_000);
  assert.equal(server.reads.length, 1, "Retry-After is honoured");
  await pass(3_000);
  assert.equal(server.reads.length, 2);
  images.close();
});

// -- live counts

class Realtime implements LiveSource {
  readonly open: { topic: string; say: (status: string) => void; tell: (payload: unknown) => void }[] = [];

  channel(topic: string): LiveChannel {
    const channel = { topic, say: (_: string) => {}, tell: (_: unknown) => {} };
    const made: LiveChannel & { own: unknown } = {
      own: channel,
      on(_type, _filter, callback) {
        channel.tell = (payload) => callback({ payload });
        return made;
      },
      subscribe(callback) {
        channel.say = callback;
        return made;
      },
    };
    this.open.push(channel);
    return made;
  }

  removeChannel(channel: LiveChannel): void {
    const { own } = channel as LiveChannel & { own: { say: (status: string) => void } };
    this.open.splice(this.open.findIndex((each) => each === own), 1);
    own.say("CLOSED");
  }
}

test("two buttons of a post share a channel, which the last one leaves", async () => {
  startClock();
  const [server, realtime] = [new Server(), new Realtime()];
  const likes = new Likes(server, { signals: new Browser(), storage: null, tabs: () => null });
  const live = new LiveLikes(realtime, likes);
  const [first, second] = [live.watch(POST), live.watch(POST)];
  assert.deepEqual(realtime.open.map((each) => each.topic), [`post:${POST}:likes`]);
  first();
  first();
  await pass(2_000);
  assert.equal(realtime.open.length, 1);
  second();
  const third = live.watch(POST); // React's strict mode does this
  await pass(2_000);
  assert.equal(realtime.open.length, 1);
  third();
  await pass(2_000);
  assert.equal(realtime.open.length, 0);
  likes.close();
});

test("a channel that is joined, lost or closed makes the page read, and a closed one is opened again", async () => {
  startClock();
  const [server, realtime] = [new Server(), new Realtime()];
  const likes = new Likes(server, { signals: new Browser(), storage: null, tabs: () => null });
  likes.subscribe(POST, () => {});
  const end = new LiveLikes(realtime, likes).watch(POST);
  await pass(50);
  for (const status of ["SUBSCRIBED", "CHANNEL_ERROR", "SUBSCRIBED"]) {
    const reads = server.reads.length;
    server.others.set(POST, reads);
    realtime.open[0]?.say(status);
    await pass(50);
    assert.deepEqual([server.reads.length, likes.get(POST).likes], [reads + 1, reads], status);
  }
  realtime.open[0]?.say("CLOSED");
  await pass(10_000);
  assert.equal(realtime.open.length, 1);
  realtime.open[0]?.tell({ postId: POST, likes: 77, version: 5 });
  assert.equal(likes.get(POST).likes, 77);
  for (const nonsense of [null, {}, { likes: -0.5, version: 6 }, { likes: "1", version: 6 }]) {
    realtime.open[0]?.tell(nonsense);
    assert.equal(likes.get(POST).likes, 77);
  }
  end();
  likes.close();
  await pass(2_000);
});
