// A second implementation of the map of heads, in another language, written from docs/reference/proofs.md.
// `node heads.mjs map` reads events as JSON lines and prints the root of their map; `node heads.mjs check KEY` reads
// a JSON array of proofs, each a text, and prints which of them hold: "sound", "false" or "no proof" for each.

import { createHash, createPublicKey, verify as verifySignature } from "node:crypto";
import { readFileSync } from "node:fs";

const EMPTY = Buffer.alloc(32);
const HASH = /^[0-9a-f]{64}$/;
const SPKI = Buffer.from("302a300506032b6570032100", "hex"); // RFC 8410: what precedes the 32 bytes
const LINE = "muster-heads/1 ";

const sha256 = (...parts) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const u64 = (number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(number));
  return bytes;
};
const keyOf = (space, name) => sha256(`muster/head/${space}/v1\0`, name);
const leafOf = ({ key, number, hash }) => sha256(Buffer.of(2), key, u64(number), hash);
const nodeOf = (left, right) => sha256(Buffer.of(3), left, right);
const bitOf = (key, depth) => (key[Math.floor(depth / 8)] >> (7 - (depth % 8))) & 1;
const chained = (before, one) => sha256("muster/opened/v1\0", before, u64(one.position), one.hash, one.stream);
const chainOf = (venue, incidents) => incidents.reduce(chained, sha256("muster/venue/v1\0", venue));

// The map from its definition: no leaf, one leaf, or both halves.
function rootOf(leaves, depth = 0) {
  if (leaves.length === 0) return EMPTY;
  if (leaves.length === 1) return leafOf(leaves[0]);
  const [left, right] = [0, 1].map((side) => leaves.filter((leaf) => bitOf(leaf.key, depth) === side));
  return nodeOf(rootOf(left, depth + 1), rootOf(right, depth + 1));
}

const DEPTH_MAX = 64;

function depthOf(data) {
  let [depth, deepest, text] = [0, 0, false];
  for (let at = 0; at < data.length; at += 1) {
    const one = data[at];
    if (text) {
      if (one === "\\") at += 1;
      else if (one === '"') text = false;
    } else if (one === '"') text = true;
    else if (one === "[" || one === "{") deepest = Math.max(deepest, (depth += 1));
    else if (one === "]" || one === "}") depth -= 1;
  }
  return deepest;
}

function venueIn(data) {
  if (depthOf(data) > DEPTH_MAX) return null;
  try {
    const venue = JSON.parse(data)?.venue;
    return typeof venue === "string" && venue !== "" && venue.isWellFormed() ? venue : null;
  } catch {
    return null;
  }
}

function mapOf(events) {
  const heads = new Map();
  const venues = new Map();
  for (const event of events) {
    const hash = Buffer.from(event.hash, "hex");
    heads.set(event.stream, { key: keyOf("stream", event.stream), number: event.version, hash });
    const opens = event.version === 1 && event.type === "IncidentOpened" && event.stream.startsWith("incident/");
    const venue = opens ? venueIn(event.data) : null;
    if (venue === null) continue;
    const incidents = [...(venues.get(venue) ?? []), { ...event, hash }];
    venues.set(venue, incidents);
  }
  const counted = [...venues].map(([venue, incidents]) => ({
    key: keyOf("venue", venue), number: incidents.length, hash: chainOf(venue, incidents),
  }));
  return rootOf([...heads.values(), ...counted]);
}

// -- proofs ---------------------------------------------------------------------------------------

class NoProof extends Error {}
const insist = (holds) => {
  if (!holds) throw new NoProof();
};
const fields = (value, ...names) => {
  insist(value !== null && typeof value === "object" && !Array.isArray(value));
  insist(Object.keys(value).sort().join() === names.sort().join());
};
const hashIn = (text) => {
  insist(typeof text === "string" && HASH.test(text));
  return Buffer.from(text, "hex");
};
const numberIn = (value) => {
  insist(Number.isSafeInteger(value) && value >= 0);
  return value;
};
const textIn = (value) => {
  insist(typeof value === "string" && value.isWellFormed());
  return value;
};
const listIn = (value) => {
  insist(Array.isArray(value));
  return value;
};

function proofIn(text) {
  let read;
  try {
    read = JSON.parse(text);
  } catch {
    throw new NoProof();
  }
  fields(read, "format", "space", "name", "number", "hash", "path", "other", "incidents", "checkpoint");
  insist(read.format === "muster-head-proof/1" && ["stream", "venue"].includes(read.space));
  const number = numberIn(read.number);
  const other = read.other;
  if (other !== null) fields(other, "key", "number", "hash");
  return {
    space: read.space, name: textIn(read.name), number,
    hash: number || read.hash !== "" ? hashIn(read.hash) : null,
    path: listIn(read.path).map(hashIn),
    other: other && { key: hashIn(other.key), number: numberIn(other.number), hash: hashIn(other.hash) },
    incidents: listIn(read.incidents).map((one) => {
      fields(one, "position", "stream", "hash");
      return { position: numberIn(one.position), stream: textIn(one.stream), hash: hashIn(one.hash) };
    }),
    note: textIn(read.checkpoint),
  };
}

// The root of the map in a note that the log signed; null if there is none.
function signedRoot(note, vkey) {
  const [name, id, kind] = [vkey.split("+")[0], vkey.split("+")[1], vkey.split("+").slice(2).join("+")];
  const at = note.lastIndexOf("\n\n");
  if (at < 0 || !note.endsWith("\n")) return null;
  const text = note.slice(0, at + 1);
  const lines = text.slice(0, -1).split("\n");
  const key = createPublicKey({
    key: Buffer.concat([SPKI, Buffer.from(kind, "base64").subarray(1)]), format: "der", type: "spki",
  });
  const signed = note.slice(at + 2, -1).split("\n").some((line) => {
    const [dash, who, encoded] = line.split(" ");
    const bytes = Buffer.from(encoded ?? "", "base64");
    if (dash !== "—" || who !== name || bytes.subarray(0, 4).toString("hex") !== id) return false;
    return bytes.toString("base64") === encoded && verifySignature(null, Buffer.from(text), key, bytes.subarray(4));
  });
  const roots = lines.slice(3).filter((line) => line.startsWith(LINE)).map((line) => line.slice(LINE.length));
  const root = Buffer.from(roots[0] ?? "", "base64");
  const canonical = roots.length === 1 && root.length === 32 && root.toString("base64") === roots[0];
  return signed && lines[0] === name && canonical ? root : null;
}

function holds(proof, vkey) {
  const root = signedRoot(proof.note, vkey);
  const { number, hash, path, other, incidents } = proof;
  if (root === null || path.length > 256) return false;
  const key = keyOf(proof.space, proof.name);
  let end = EMPTY;
  if (number > 0) {
    if (other !== null) return false;
    end = leafOf({ key, number, hash });
  } else {
    if (hash !== null) return false;
    if (other !== null) {
      if (other.key.equals(key)) return false;
      if (path.some((_, depth) => bitOf(key, depth) !== bitOf(other.key, depth))) return false;
      end = leafOf(other);
    }
  }
  for (let depth = path.length - 1; depth >= 0; depth -= 1) {
    end = bitOf(key, depth) ? nodeOf(path[depth], end) : nodeOf(end, path[depth]);
  }
  if (!end.equals(root)) return false;
  if (proof.space === "stream" || number === 0) return incidents.length === 0;
  return incidents.length === number && chainOf(proof.name, incidents).equals(hash);
}

function checked(text, vkey) {
  try {
    return holds(proofIn(text), vkey) ? "sound" : "false";
  } catch (error) {
    if (error instanceof NoProof) return "no proof";
    throw error;
  }
}

const [what, vkey] = process.argv.slice(2);
const input = readFileSync(0, "utf8");
if (what === "map") {
  const events = input.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  process.stdout.write(mapOf(events).toString("hex"));
} else {
  process.stdout.write(JSON.stringify(JSON.parse(input).map((text) => checked(text, vkey))));
}
