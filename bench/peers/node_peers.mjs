// Graphile Worker and pg-boss as adapters: node node_peers.mjs graphile|pgboss VERB [NUMBER]; see bench/adapter.py.
import readline from "node:readline";

import { Logger, makeWorkerUtils, run } from "graphile-worker";
import { PgBoss } from "pg-boss";

const BULK = 1000;
const connectionString = process.env.DATABASE_URL;
const silent = new Logger(() => () => {});

// The options of Graphile Worker's own performance page, its local queue as long as everybody's batch.
async function graphile(batch) {
  const utils = await makeWorkerUtils({ connectionString, logger: silent });
  const worker = {
    connectionString,
    logger: silent,
    concurrentJobs: 24,
    maxPoolSize: 25,
    localQueue: { size: batch },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
  };
  return {
    setUp: () => utils.migrate(),
    one: (number) => utils.addJob("noop", { number }),
    many: (numbers) => utils.addJobs(numbers.map((number) => ({ identifier: "noop", payload: { number } }))),
    async work() {
      const running = await run({ preset: { worker }, taskList: { noop: async () => {} }, noHandleSignals: true });
      return () => running.stop();
    },
    close: () => utils.release(),
  };
}

async function pgboss(batch) {
  const boss = new PgBoss({ connectionString });
  boss.on("error", (error) => console.error(error));
  await boss.start();
  const options = { batchSize: batch, localConcurrency: 4, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 };
  const stop = () => boss.stop({ graceful: true, timeout: 2000 });
  return {
    setUp: () => boss.createQueue("noop"),
    one: (number) => boss.send("noop", { number }),
    many: (numbers) => boss.insert("noop", numbers.map((number) => ({ data: { number } }))),
    async work() {
      await boss.work("noop", options, async () => {});
      return stop;
    },
    close: stop,
  };
}

async function enqueueOne(peer, jobs) {
  for (let number = 0; number < jobs; number++) await peer.one(number);
}

async function enqueueMany(peer, jobs) {
  for (let start = 0; start < jobs; start += BULK) {
    const length = Math.min(BULK, jobs - start);
    await peer.many(Array.from({ length }, (_, index) => start + index));
  }
}

async function timed(peer, action) {
  const started = performance.now();
  await action();
  const seconds = (performance.now() - started) / 1000;
  await peer.close();
  console.log(JSON.stringify(seconds));
  process.exit(0);
}

function workWhenTold(peer) {
  const lines = readline.createInterface({ input: process.stdin });
  let stop;
  lines.once("line", async () => {
    stop = await peer.work();
  });
  lines.once("close", async () => {
    await stop?.();
    process.exit(0);
  });
  console.log("ready");
}

const [name, verb, number] = process.argv.slice(2);
const peer = await { graphile, pgboss }[name](Number(number ?? 500));
const verbs = {
  "set-up": () => timed(peer, () => peer.setUp()),
  "enqueue-one": () => timed(peer, () => enqueueOne(peer, Number(number))),
  "enqueue-many": () => timed(peer, () => enqueueMany(peer, Number(number))),
  work: () => workWhenTold(peer),
};
await verbs[verb]();
