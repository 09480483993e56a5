// Emmett on PostgreSQL: its event store, a chain of promises a writer, as its documentation shows it.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { randomUUID } from "node:crypto";

const [dsn, modules] = process.argv.slice(2);
const require = createRequire(`${modules}/package.json`);
const { getPostgreSQLEventStore } = require("@event-driven-io/emmett-postgresql");
const { NO_CONCURRENCY_CHECK } = require("@event-driven-io/emmett");

const EVENT_BYTES = 220;
const empty = JSON.stringify({ zone: "north-entrance", text: "" }).length;
const data = { zone: "north-entrance", text: "x".repeat(EVENT_BYTES - empty) };
const store = getPostgreSQLEventStore(dsn);
const say = (found) => process.stdout.write(`${JSON.stringify(found)}\n`);

async function append({ writers, batch, seconds }) {
  const took = [];
  const begun = performance.now();
  const ends = begun + seconds * 1000;
  const write = async () => {
    const stream = `incident-${randomUUID()}`;
    let version = 0n;
    for (let now = performance.now(); now < ends; now = performance.now()) {
      const events = Array.from({ length: batch }, () => ({ type: "Reported", data }));
      const expected = version === 0n ? NO_CONCURRENCY_CHECK : version;
      const done = await store.appendToStream(stream, events, { expectedStreamVersion: expected });
      version = done.nextExpectedStreamVersion;
      took.push(performance.now() - now);
    }
    return Number(version);
  };
  const counts = await Promise.all(Array.from({ length: writers }, write));
  took.sort((a, b) => a - b);
  return {
    events: counts.reduce((sum, one) => sum + one, 0),
    seconds: (performance.now() - begun) / 1000,
    latency_ms: took[took.length >> 1],
  };
}

await store.appendToStream(`incident-${randomUUID()}`, [{ type: "Reported", data }]);
say({ ready: true });
for await (const line of createInterface({ input: process.stdin })) say(await append(JSON.parse(line)));
await store.close();
