import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Likes, type LikesOptions } from "../src/likes";
import { NoAnswer } from "../src/problems";
import { Browser, OTHER, pass, POST, refusal, Server, sleepAnHour, startClock, stopClock, Storage, Tabs } from "./pretending";

let server: Server;
let browser: Browser;
let storage: Storage;
let opened: Likes[] = [];

beforeEach(() => {
  startClock();
  [server, browser, storage, opened] = [new Server(), new Browser(), new Storage(), []];
});
afterEach(() => {
  for (const likes of opened) likes.close();
  stopClock();
});

function open(options: LikesOptions = {}): Likes {
  const likes = new Likes(server, { signals: browser, storage, tabs: () => null, ...options });
  opened.push(likes);
  return likes;
}

/** A page that shows the posts, whose likes have been read. */
async function page(postIds = [POST], options: LikesOptions = {}): Promise<Likes> {
  const likes = open(options);
  for (const postId of postIds) likes.subscribe(postId, () => {});
  await pass(50);
  return likes;
}

function seen(likes: Likes, postId = POST): [boolean, number | null, boolean] {
  const { liked, likes: count, pending } = likes.get(postId);
  return [liked, count, pending];
}

const wishes = () => server.changes.map((change) => change.liked);

test("a click is shown at once and sent when the clicking stops", async () => {
  server.others.set(POST, 41);
  const likes = await page();
  assert.deepEqual(seen(likes), [false, 41, false]);
  likes.toggle(POST);
  assert.deepEqual(seen(likes), [true, 42, true]);
  await pass(240);
  assert.deepEqual(wishes(), []);
  await pass(20);
  assert.deepEqual(wishes(), [true]);
  assert.deepEqual(seen(likes), [true, 42, false]);
});

test("a double click that ends where it began sends nothing", async () => {
  const likes = await page();
  likes.toggle(POST);
  await pass(100);
  likes.toggle(POST);
  await pass(1_000);
  assert.deepEqual([wishes(), seen(likes)], [[], [false, 0, false]]);
});

test("one change of a post is under way at a time, and the last wish wins", async () => {
  const likes = await page();
  server.delayMs = 400;
  for (let click = 0; click < 7; click++) {
    likes.toggle(POST);
    await pass(300);
  }
  await pass(3_000);
  assert.equal(server.mostUnderWay, 1);
  assert.equal(server.likedBy.get(POST), true);
  assert.deepEqual(seen(likes), [true, 1, false]);
});

test("posts do not wait for one another", async () => {
  const likes = await page([POST, OTHER]);
  server.delayMs = 5_000;
  likes.toggle(POST);
  likes.toggle(OTHER);
  await pass(300);
  assert.deepEqual(
    server.changes.map((change) => change.postId),
    [POST, OTHER],
  );
});

test("a refused click is taken back and says why", async () => {
  const errors: string[] = [];
  const likes = await page([POST], { onError: (postId, error) => errors.push(`${postId}: ${error.message}`) });
  server.failing = () => refusal(404);
  likes.toggle(POST);
  await pass(300);
  assert.deepEqual(seen(likes), [false, 0, false]);
  assert.equal(likes.get(POST).error?.message, "answered 404");
  assert.deepEqual(errors, [`${POST}: answered 404`]);
  assert.equal(server.changes.length, 1);
  likes.toggle(POST);
  assert.equal(likes.get(POST).error, null);
});

test("a call without an answer is tried again, then taken back and the truth read", async () => {
  const likes = await page();
  server.failing = () => new NoAnswer("lost");
  server.failsAfterwards = true;
  likes.toggle(POST);
  await pass(60_000);
  assert.equal(server.changes.length, 5);
  assert.deepEqual(seen(likes), [true, 1, false], "the call had an effect, so it is liked");
  assert.equal(likes.get(POST).error?.name, "NoAnswer");
});

test("the waits between tries grow", async () => {
  const likes = await page();
  server.failing = () => refusal(503);
  likes.toggle(POST);
  await pass(60_000);
  const times = server.changes.map((change) => change.atMs);
  const waits = times.slice(1).map((at, index) => at - (times[index] ?? 0));
  waits.forEach((wait, index) => assert.ok(wait >= 500 * 2 ** index && wait <= 1_100 * 2 ** index, `${waits}`));
});

test("a click back is sent when nobody knows whether the first one arrived", async () => {
  const likes = await page();
  server.failing = (change) => (change === 1 ? new NoAnswer("lost") : null);
  server.failsAfterwards = true;
  likes.toggle(POST);
  await pass(300);
  likes.toggle(POST);
  await pass(3_000);
  assert.deepEqual(wishes(), [true, false]);
  assert.equal(server.likedBy.get(POST), false);
});

test("nothing is sent without a network, and once it is back only the last wish", async () => {
  const likes = await page();
  browser.online = false;
  likes.toggle(POST);
  await pass(60_000);
  likes.toggle(POST);
  likes.toggle(POST);
  await pass(60_000);
  assert.deepEqual([wishes(), seen(likes)], [[], [true, 1, true]]);
  browser.goOnline();
  await pass(50);
  assert.deepEqual([wishes(), seen(likes)], [[true], [true, 1, false]]);
});

test("Retry-After is honoured, for all posts", async () => {
  const likes = await page([POST, OTHER]);
  server.failing = (change) => (change === 1 ? refusal(429, 7_000) : null);
  likes.toggle(POST);
  await pass(260);
  likes.toggle(OTHER);
  await pass(6_900);
  assert.equal(server.changes.length, 1);
  assert.deepEqual(seen(likes), [true, 1, true], "it is not taken back meanwhile");
  await pass(500);
  assert.deepEqual(
    server.changes.map((change) => change.postId),
    [POST, POST, OTHER],
  );
});

test("an answer that was asked for before a change is no news after it", async () => {
  const likes = await page();
  server.delayMs = 1_000;
  likes.refresh();
  await pass(100);
  server.delayMs = 0;
  likes.set(POST, true);
  await pass(300);
  assert.deepEqual(seen(likes), [true, 1, false]);
  await pass(2_000);
  assert.deepEqual(seen(likes), [true, 1, false]);
});

test("a page of 250 posts is read in three calls", async () => {
  const ids = Array.from({ length: 250 }, (_, number) => `post-${number}`);
  await page([...ids, ...ids]);
  assert.deepEqual(
    server.reads.map((read) => read.length),
    [100, 100, 50],
  );
  assert.equal(new Set(server.reads.flat()).size, 250);
});

test("reading that fails is tried again", async () => {
  let failures = 2;
  server.failingReads = () => (failures-- > 0 ? refusal(503, 2_000) : null);
  const likes = await page();
  assert.equal(seen(likes)[1], null);
  await pass(1_900);
  assert.equal(server.reads.length, 1);
  await pass(3_000);
  assert.deepEqual(seen(likes), [false, 0, false]);
});

test("a click before the first answer is sent as a like", async () => {
  server.delayMs = 500;
  server.others.set(POST, 3);
  const likes = open();
  likes.subscribe(POST, () => {});
  likes.toggle(POST);
  assert.deepEqual(seen(likes), [true, null, true]);
  await pass(2_000);
  assert.deepEqual([wishes(), seen(likes)], [[true], [true, 4, false]]);
});

test("what the page was rendered with is shown until the answer comes", async () => {
  server.others.set(POST, 8);
  const likes = open();
  assert.deepEqual(likes.get(POST, { likes: 7 }).likes, 7);
  likes.subscribe(POST, () => {});
  await pass(50);
  assert.equal(likes.get(POST).likes, 8);
});

test("a page that goes sends what waits, and the next one shows it before it is read", async () => {
  const likes = await page();
  likes.toggle(POST);
  browser.leavePage();
  assert.deepEqual(wishes(), [true]);
  likes.close();
  server.delayMs = 5_000;
  const next = open();
  next.subscribe(POST, () => {});
  assert.deepEqual(seen(next), [true, null, true]);
});

test("what could not be sent is sent by the next page", async () => {
  const likes = await page();
  browser.online = false;
  likes.toggle(POST);
  await pass(1_000);
  browser.leavePage();
  likes.close();
  browser.online = true;
  sleepAnHour();
  const next = await page();
  await pass(100);
  assert.deepEqual([wishes(), seen(next)], [[true], [true, 1, false]]);
});

test("what was sent as the page went is not sent again an hour later", async () => {
  const likes = await page();
  likes.toggle(POST);
  browser.leavePage();
  likes.close();
  server.likedBy.set(POST, false); // taken back elsewhere
  sleepAnHour();
  const next = await page();
  await pass(1_000);
  assert.deepEqual([wishes(), seen(next)], [[true], [false, 0, false]]);
});

test("a newer click in another tab outweighs what an earlier page could not send", async () => {
  const [leaving, staying] = [await page(), await page()];
  browser.online = false;
  leaving.set(POST, true);
  browser.leavePage();
  leaving.close();
  staying.set(POST, true);
  staying.set(POST, false);
  const next = await page();
  browser.goOnline();
  await pass(1_000);
  assert.deepEqual([wishes(), seen(next)], [[], [false, 0, false]]);
});

test("other tabs show a confirmed like, unless they have a wish of their own", async () => {
  const tabs = new Tabs();
  const [one, two, three] = [
    await page([POST], { tabs: tabs.join }),
    await page([POST], { tabs: tabs.join }),
    await page([POST], { tabs: tabs.join }),
  ];
  three.set(POST, true);
  three.set(POST, false);
  one.toggle(POST);
  await pass(200);
  three.set(POST, true);
  await pass(60);
  assert.deepEqual([seen(two), server.changes.length], [[true, 1, false], 1]);
  assert.deepEqual(seen(three), [true, 1, true]);
});

test("live counts: a newer state is shown, an older one is not", async () => {
  const likes = await page();
  likes.tell(POST, 5, 100);
  likes.tell(POST, 4, 99);
  assert.equal(likes.get(POST).likes, 5);
});

test("a live count soon after an own change is asked for, not believed", async () => {
  server.others.set(POST, 5);
  const likes = await page();
  likes.toggle(POST);
  await pass(300);
  const reads = server.reads.length;
  likes.tell(POST, 5, 100); // counted before the click
  assert.equal(likes.get(POST).likes, 6);
  await pass(50);
  assert.deepEqual([server.reads.length, likes.get(POST).likes], [reads + 1, 6]);
});

test("a post that is liked never shows 0", async () => {
  const likes = await page();
  likes.toggle(POST);
  await pass(10_000);
  likes.tell(POST, 0, 100);
  assert.deepEqual(seen(likes), [true, 1, false]);
});

test("who signs out takes the likes along", async () => {
  server.likedBy.set(POST, true);
  const likes = await page();
  assert.deepEqual(seen(likes), [true, 1, false]);
  server.delayMs = 500;
  likes.toggle(POST);
  await pass(300); // its call is under way
  server.likedBy.set(POST, false);
  server.others.set(POST, 1);
  likes.reset();
  assert.equal(likes.get(POST).liked, false);
  await pass(3_000);
  assert.deepEqual(seen(likes), [false, 1, false]);
});

test("a page that is seen again reads what is old", async () => {
  const likes = await page();
  server.others.set(POST, 9);
  await pass(10_000);
  browser.show();
  await pass(50);
  assert.equal(likes.get(POST).likes, 0);
  await pass(25_000);
  browser.show();
  await pass(50);
  assert.equal(likes.get(POST).likes, 9);
});

for (let seed = 1; seed <= 20; seed++) {
  test(`after any clicks, losses and refusals all agree (${seed})`, async () => {
    const chance = random(seed);
    const tabs = new Tabs();
    const pages = [await page([POST, OTHER], { tabs: tabs.join }), await page([POST, OTHER], { tabs: tabs.join })];
    const last = new Map<string, boolean>();
    server.failing = () => {
      const roll = chance();
      server.failsAfterwards = chance() < 0.5;
      return roll < 0.2 ? new NoAnswer("lost") : roll < 0.3 ? refusal(429, 1_000) : null;
    };
    for (let step = 0; step < 60; step++) {
      const postId = chance() < 0.5 ? POST : OTHER;
      const clicked = pages[chance() < 0.8 ? 0 : 1] as Likes;
      server.delayMs = Math.floor(chance() * 800);
      if (chance() < 0.1) browser.online = false;
      if (chance() < 0.2) browser.goOnline();
      // One person clicks one tab, and another one only when the first is done.
      if (clicked === pages[0] || !pages[0]?.get(postId).pending) {
        clicked.toggle(postId);
        last.set(postId, clicked.get(postId).liked);
      }
      for (const each of pages) {
        const { liked, likes } = each.get(postId);
        assert.ok(likes === null || likes >= Number(liked));
      }
      await pass(Math.floor(chance() * 700));
      if (pages[1]?.get(postId).pending) {
        browser.goOnline();
        await pass(20_000);
      }
    }
    server.failing = () => null;
    browser.goOnline();
    await pass(120_000);
    for (const [postId, liked] of last) {
      // A click that was tried five times in vain is taken back, and the page then shows what the server has.
      const state = pages[0]?.get(postId);
      if (state?.error === null) assert.equal(server.likedBy.get(postId) ?? false, liked);
      assert.deepEqual([state?.liked, state?.pending], [server.likedBy.get(postId) ?? false, false]);
    }
  });
}

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
