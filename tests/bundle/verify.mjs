// A second verifier of a case's bundle, in another language, with another library's cryptography,
// written from FORMAT.md: `node verify.mjs BUNDLE [--key KEY] [--witness KEY] [--checkpoint FILE] [--proof FILE]
// [--later BUNDLE|FILE] [--report FILE]`, of a folder or a zip, `node verify.mjs --vectors FILE`. `--each BUNDLE BUNDLE ...` verifies
// many; `--stream FOLDER` verifies that folder with each line's changes from the standard input, `--zips` says of each
// line's zip what is in it. Ends with 0 if sound, 1 if false, 2 if that can't be told.

import { createHash, createPublicKey, verify as verifySignature } from "node:crypto";
import { closeSync, fstatSync, lstatSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { crc32, inflateRawSync } from "node:zlib";

const [FORMAT_1, FORMAT] = ["muster-case-bundle/1", "muster-case-bundle/2"];
const REQUIRED = ["checkpoint", "consistency.json", "events.jsonl", "keys/log.vkey", "proofs.jsonl"];
const HASH = /^[0-9a-f]{64}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const INSTANT = /^(?:-?infinity|(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{6})Z)$/;
const NAME = /^[^\x00-\x20+\x7f-\xa0\xad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\ufffb]+$/;
const [FILE_BYTES_MAX, LINE_BYTES_MAX, DEPTH_MAX] = [2 ** 24, 2 ** 26, 64];
const [FILES_MAX, SIGNATURES_MAX, SIGNATURES_OF_A_KEY_MAX, WITNESSES_MAX] = [1000, 100, 4, 32];
const [FINDINGS_MAX, CONTRADICTIONS_MAX] = [1000, 10_000]; // kept of each verdict; after which no line is read
const [UNPACKED_BYTES_MAX, EXTRACT_VERSION_MAX, PATH_HASHES_MAX] = [2 ** 32, 63, 256];
const I64_MAX = 2n ** 63n - 1n;
const EPOCH_MS = Date.UTC(2000, 0, 1);
const SPKI = Buffer.from("302a300506032b6570032100", "hex"); // RFC 8410: what precedes the 32 bytes

class Divergence extends Error {
  constructor(field, place = {}) {
    super(field);
    this.field = field;
    this.place = place;
  }
}
class Missing extends Divergence {}
class NotABundle extends Error {}

const sha256 = (...parts) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const hex = (text) => Buffer.from(text, "hex");
const insist = (holds, field, place) => {
  if (!holds) throw new Divergence(field, place);
};
const need = (holds, field) => {
  if (!holds) throw new Missing(field);
};

// -- strict JSON: each key once, whole numbers as BigInt, whole characters --------------------------

function strict(text) {
  let at = 0;
  const fail = () => {
    throw new Divergence("json");
  };
  const space = () => {
    while (" \t\n\r".includes(text[at] ?? "x")) at += 1;
  };
  const take = (token) => {
    if (!text.startsWith(token, at)) fail();
    at += token.length;
  };
  const string = () => {
    if (text[at] !== '"') fail();
    let end = at + 1;
    for (; text[end] !== '"'; end += 1) {
      if (end >= text.length) fail();
      if (text[end] === "\\") end += 1;
    }
    let value;
    try {
      value = JSON.parse(text.slice(at, end + 1)); // refuses what is no string of JSON
    } catch {
      fail();
    }
    if (!value.isWellFormed()) fail();
    at = end + 1;
    return value;
  };
  let depth = 0;
  const members = (close, one) => {
    at += 1;
    depth += 1;
    if (depth > DEPTH_MAX) fail();
    space();
    if (text[at] === close) {
      at += 1;
      depth -= 1;
      return;
    }
    for (;;) {
      one();
      space();
      if (text[at] === close) break;
      take(",");
      space();
    }
    at += 1;
    depth -= 1;
  };
  const value = () => {
    space();
    switch (text[at]) {
      case "{": {
        const read = new Map();
        members("}", () => {
          const name = string();
          space();
          take(":");
          if (read.has(name)) fail();
          read.set(name, value());
        });
        return Object.fromEntries(read);
      }
      case "[": {
        const read = [];
        members("]", () => read.push(value()));
        return read;
      }
      case '"':
        return string();
      case "t":
        take("true");
        return true;
      case "f":
        take("false");
        return false;
      case "n":
        take("null");
        return null;
      default: {
        const found = /-?(?:0|[1-9][0-9]*)/y;
        found.lastIndex = at;
        const match = found.exec(text) ?? fail();
        at += match[0].length;
        if (match[0] === "-0" || match[0].length > 20 || /[.eE0-9]/.test(text[at] ?? "")) fail();
        const read = BigInt(match[0]);
        return read > I64_MAX || read < -I64_MAX ? fail() : read;
      }
    }
  };
  const read = value();
  space();
  return at === text.length ? read : fail();
}

function utf8(content) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    throw new Divergence("text");
  }
}

function shaped(what, said, fields) {
  const names = said !== null && typeof said === "object" && !Array.isArray(said) ? Object.keys(said) : [];
  const meant = Object.keys(fields);
  insist(names.length === meant.length && meant.every((name) => names.includes(name)), what);
  for (const [name, form] of Object.entries(fields)) {
    const value = said[name];
    if (form === "integer") insist(typeof value === "bigint", name);
    else if (form === "list") insist(Array.isArray(value), name);
    else insist(typeof value === "string" && (form === "text" || form.test(value)), name);
  }
  return said;
}

// -- what is hashed ----------------------------------------------------------------------------------

const integer = (value, bytes) => {
  const content = Buffer.alloc(8);
  content.writeBigInt64BE(BigInt(value));
  return content.subarray(8 - bytes);
};
const sized = (text) => Buffer.concat([integer(Buffer.byteLength(text), 4), Buffer.from(text)]);
const genesis = (stream) => sha256("muster/stream/v1\0", sized(stream));

function microseconds(instant) {
  if (instant === "-infinity" || instant === "0001-01-01T00:00:00.000000Z") return -(2n ** 63n);
  if (instant === "infinity" || instant === "9999-12-31T23:59:59.999999Z") return 2n ** 63n - 1n;
  const [, year, month, day, hour, minute, second, micro] = INSTANT.exec(instant);
  const date = new Date(0);
  date.setUTCFullYear(+year, +month - 1, +day);
  date.setUTCHours(+hour, +minute, +second);
  insist(year !== "0000" && date.toISOString().slice(0, 19) === instant.slice(0, 19), "instant");
  return BigInt(date.getTime() - EPOCH_MS) * 1000n + BigInt(micro);
}

const preimage = (event) =>
  Buffer.concat([
    Buffer.from("muster/event/v1\0"),
    hex(event.before),
    sized(event.stream),
    integer(event.version, 8),
    hex(event.event_id.replaceAll("-", "")),
    integer(microseconds(event.recorded_at), 8),
    integer(microseconds(event.occurred_at), 8),
    sized(event.type),
    integer(event.schema_version, 2),
    sha256(event.data),
    sha256(event.meta),
  ]);

const leafOf = (entry) => sha256("\0", entry);
const node = (left, right) => sha256("\x01", left, right);

// The tree from its definition: who is left, who is right, split at the largest power of two below.

const split = (size) => {
  let half = 1n;
  while (half * 2n < size) half *= 2n;
  return half;
};

function rootFrom(leaf, index, size, proof) {
  if (size === 1n) return proof.length === 0 ? leaf : null;
  if (proof.length === 0) return null;
  const half = split(size);
  const [rest, last] = [proof.slice(0, -1), proof.at(-1)];
  const inner = index < half ? rootFrom(leaf, index, half, rest) : rootFrom(leaf, index - half, size - half, rest);
  if (inner === null) return null;
  return index < half ? node(inner, last) : node(last, inner);
}

const includes = (leaf, index, size, proof, root) =>
  index >= 0n && index < size && (rootFrom(leaf, index, size, proof)?.equals(root) ?? false);

// Both roots at once, from what is common to the two trees (RFC 6962, 2.1.2: SUBPROOF).
function rootsFrom(first, second, proof, older, whole) {
  if (first === second) {
    if (whole) return proof.length === 0 ? [older, older] : null;
    return proof.length === 1 ? [proof[0], proof[0]] : null;
  }
  if (proof.length === 0) return null;
  const half = split(second);
  const [rest, last] = [proof.slice(0, -1), proof.at(-1)];
  if (first <= half) {
    const inner = rootsFrom(first, half, rest, older, whole);
    return inner && [inner[0], node(inner[1], last)];
  }
  const inner = rootsFrom(first - half, second - half, rest, older, false);
  return inner && [node(last, inner[0]), node(last, inner[1])];
}

function begins(first, older, second, newer, proof) {
  if (first === 0n) return proof.length === 0 && older.equals(sha256(""));
  if (first > second) return false;
  const roots = rootsFrom(first, second, proof, older, true);
  return roots !== null && roots[0].equals(older) && roots[1].equals(newer);
}

// -- signed notes ------------------------------------------------------------------------------------

// Points of small order, by their y: a key or a point among them would sign anything.
const P = 2n ** 255n - 19n;
const Y_OF_ORDER_8 = BigInt("0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826");
const SMALL = new Set([0n, 1n, P - 1n, Y_OF_ORDER_8, P - Y_OF_ORDER_8]);

function isStrict(point) {
  const y = BigInt(`0x${Buffer.from(point).reverse().toString("hex")}`) & (2n ** 255n - 1n);
  return y < P && !SMALL.has(y);
}

function ed25519(key, message, signature) {
  if (key.length !== 32 || signature.length !== 64) return false;
  if (!isStrict(key) || !isStrict(signature.subarray(0, 32))) return false;
  try {
    const known = createPublicKey({ key: Buffer.concat([SPKI, key]), format: "der", type: "spki" });
    return verifySignature(null, message, known, signature);
  } catch {
    return false;
  }
}

function base64(text, field) {
  const content = Buffer.from(text, "base64");
  insist(text !== "" && content.toString("base64") === text, field);
  return content;
}

function keyOf(line) {
  const [name, id, ...rest] = line.split("+");
  insist(rest.length > 0 && NAME.test(name), "key");
  const content = base64(rest.join("+"), "key");
  insist(content.length === 33 && [1, 4].includes(content[0]), "key");
  const made = sha256(name, "\n", content).subarray(0, 4).toString("hex");
  insist(made === id, "key");
  return { name, id, kind: content[0], bytes: content.subarray(1), line };
}

function keysOf(content, most) {
  const lines = utf8(content).split("\n");
  insist(lines.pop() === "" && lines.length > 0 && lines.length <= most, "key");
  return lines.map(keyOf);
}

function noteOf(content) {
  const whole = utf8(content);
  const at = whole.lastIndexOf("\n\n");
  insist(at > 0 && whole.endsWith("\n") && !/[\x00-\x09\x0b-\x1f]/.test(whole), "note");
  const text = whole.slice(0, at + 1);
  const lines = text.slice(0, -1).split("\n");
  insist(lines.length >= 3 && lines.every((line) => line !== ""), "note");
  insist(/^(0|[1-9][0-9]{0,18})$/.test(lines[1]) && BigInt(lines[1]) <= I64_MAX, "size");
  const root = base64(lines[2], "root");
  insist(root.length === 32, "root");
  const signed = whole.slice(at + 2, -1).split("\n");
  insist(signed.length <= SIGNATURES_MAX, "signatures");
  const signatures = [...new Set(signed)].map((line) => {
    const [dash, name, encoded, ...more] = line.split(" ");
    insist(dash === "\u2014" && encoded !== undefined && more.length === 0 && NAME.test(name), "signature");
    const bytes = base64(encoded, "signature");
    insist(bytes.length > 4, "signature");
    return { name, id: bytes.subarray(0, 4).toString("hex"), bytes: bytes.subarray(4) };
  });
  return { origin: lines[0], size: BigInt(lines[1]), root, text, signatures };
}

function signedBy(note, key) {
  const mine = note.signatures.filter((one) => one.name === key.name && one.id === key.id);
  insist(mine.length <= SIGNATURES_OF_A_KEY_MAX, "signatures");
  for (const { bytes } of mine) {
    insist(bytes.length === (key.kind === 4 ? 72 : 64), "signature");
    const [message, signature] =
      key.kind === 4
        ? [`cosignature/v1\ntime ${bytes.readBigUInt64BE()}\n${note.text}`, bytes.subarray(8)]
        : [note.text, bytes];
    insist(ed25519(key.bytes, Buffer.from(message), signature), "signature");
  }
  return mine.length > 0;
}

// -- the bundle --------------------------------------------------------------------------------------

const EVENT = {
  position: "integer", stream: /^[^/\n]+\/[^\n]+$/, version: "integer", event_id: UUID,
  recorded_at: INSTANT, occurred_at: INSTANT, type: /^[^\n]+$/, schema_version: "integer",
  data: "text", meta: "text", data_sha256: HASH, meta_sha256: HASH, before: HASH, hash: HASH,
};
const MANIFEST = {
  format: "text", case: UUID, export: UUID, log: "text", checkpoint: "integer", events: "integer",
  files: "list",
};
const SPAN = { stream: "text", first: "integer", last: "integer", hash: HASH };
const HEADS = "muster-heads/1 "; // begins the line of a checkpoint that signs the newest version of each stream
const VERDICTS = ["sound", "false", "cannot be told"];

const PATH = /^(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9._/+-]{0,199}$/;
const SEGMENT = /^\.?[A-Za-z0-9_](?:[A-Za-z0-9._+-]*[A-Za-z0-9_+-])?$/;
const DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.[^\n]*)?$/i;
const TOP = /^[^\x00-\x1f\x7f-\x9f\\/:*?"<>|]{0,199}[^\x00-\x20\x7f-\xa0\\/:*?"<>|.]\/$/u;

// Whether paths are the same files wherever they are unpacked; one that ends in a slash is a folder.
function plain(paths) {
  insist(paths.length <= 2 * FILES_MAX, "path");
  const [entries, files, folders] = [new Set(), new Set(), new Map()];
  for (const path of paths) {
    const isFolder = path.endsWith("/");
    const parts = (isFolder ? path.slice(0, -1) : path).split("/");
    insist(path.length <= 200 && !path.includes(".."), "path");
    insist(parts.every((one) => SEGMENT.test(one) && !DEVICE.test(one)), "path");
    insist(parts.length === 1 || parts.at(-1).toLowerCase() !== "manifest.json", "path");
    insist(!entries.has(path.toLowerCase()), "path");
    entries.add(path.toLowerCase());
    if (!isFolder) files.add(path.toLowerCase());
    for (let count = 1; count < parts.length + (isFolder ? 1 : 0); count += 1) {
      const folder = parts.slice(0, count).join("/");
      insist((folders.get(folder.toLowerCase()) ?? folder) === folder, "path");
      folders.set(folder.toLowerCase(), folder);
    }
  }
  for (const file of files) insist(!folders.has(file), "path");
}

// The files of a folder; what is neither file nor folder makes it none of a bundle.
function walk(folder) {
  const found = [];
  const visit = (inside) => {
    for (const name of readdirSync(join(folder, inside))) {
      const about = lstatSync(join(folder, inside, name));
      if (about.isDirectory()) visit(`${inside}${name}/`);
      else if (about.isFile() && found.length <= 2 * FILES_MAX) found.push(inside + name);
      else throw new NotABundle(`${inside}${name}: neither file nor folder`);
    }
  };
  visit("");
  return found;
}

// What there is to read: each file's content by its path.
function filesOf(folder) {
  try {
    if (!statSync(folder).isDirectory()) return zipAt(folder);
    if (!lstatSync(join(folder, "manifest.json")).isFile()) throw new NotABundle("manifest.json");
    return new Map(walk(folder).map((path) => [path, readFileSync(join(folder, path))]));
  } catch (error) {
    if (error.code !== undefined) throw new NotABundle(error.message);
    throw error;
  }
}

// -- a zip -------------------------------------------------------------------------------------------
// Read by hand: Node's library inflates, but reads no zip, and readers of zips are made to forgive. Here a zip is its
// entries, one after another, and an index that says the same of each; whatever could be read in two ways is none.

const [ENTRY, LISTED, AFTER] = [0x04034b50, 0x02014b50, 0x08074b50];
const [END, END_64, LOCATOR_64] = [0x06054b50, 0x06064b50, 0x07064b50];
const [WIDE, WIDE_16] = [2 ** 32 - 1, 2 ** 16 - 1]; // stand for what takes 64 bits
const [ZIP64, UNICODE_PATH] = [1, 0x7075];
const CP437 =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀" +
  "αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";

const fits = (holds, why) => {
  if (!holds) throw new NotABundle(`zip: ${why}`);
};

function zipAt(path) {
  const file = openSync(path);
  try {
    return unzipped(fstatSync(file).size, (at, length) => {
      const content = Buffer.alloc(length);
      for (let done = 0; done < length; ) {
        const count = readSync(file, content, done, length - done, at + done);
        fits(count > 0, "cut off");
        done += count;
      }
      return content;
    });
  } finally {
    closeSync(file);
  }
}

const zipIn = (content) => unzipped(content.length, (at, length) => content.subarray(at, at + length));

function unzipped(size, readAt) {
  const read = (at, length) => {
    fits(at >= 0 && at + length <= size, "cut off");
    return readAt(at, length);
  };
  const { start, end, count } = indexOf(size, read);
  fits(count <= 2 * FILES_MAX, "files");
  const listed = [];
  let at = start;
  while (listed.length < count) listed.push(listedAt(read, at, (next) => (at = next)));
  fits(at === end, "an index that ends elsewhere");
  fits(listed.reduce((sum, one) => sum + one.size, 0) <= UNPACKED_BYTES_MAX, "bytes");
  const inside = folderOf(listed.map((one) => one.path));
  plain(listed.filter((one) => inside === "" || one.path !== inside).map((one) => one.path.slice(inside.length)));
  const files = new Map();
  let until = 0;
  for (const one of listed.toSorted((a, b) => a.start - b.start)) {
    fits(one.start === until, "something between files");
    const [content, next] = entryAt(read, one);
    if (!one.path.endsWith("/")) files.set(one.path.slice(inside.length), content);
    until = next;
  }
  fits(until === start, "something after files");
  return files;
}

// Where the index is, and how many entries it has; its end says so, and an end of 64 bits before it, if there is one.
function indexOf(size, read) {
  const last = size - 22;
  const ends = read(last, 22);
  fits(ends.readUInt32LE(0) === END && ends.readUInt32LE(4) === 0 && ends.readUInt16LE(20) === 0, "its end");
  const told = [ends.readUInt16LE(8), ends.readUInt16LE(10), ends.readUInt32LE(12), ends.readUInt32LE(16)];
  const isWide =
    last >= 76 && read(last - 20, 4).readUInt32LE(0) === LOCATOR_64 && read(last - 76, 4).readUInt32LE(0) === END_64;
  const end = isWide ? last - 76 : last;
  let known = told;
  if (isWide) {
    const [record, locator] = [read(end, 56), read(end + 56, 20)];
    fits(record.readBigUInt64LE(4) === 44n && record.readBigUInt64LE(16) === 0n, "its end of 64 bits");
    fits(locator.readUInt32LE(4) === 0 && locator.readUInt32LE(16) === 1, "its end of 64 bits");
    fits(locator.readBigUInt64LE(8) === BigInt(end), "its end of 64 bits");
    known = [24, 32, 40, 48].map((at) => Number(record.readBigUInt64LE(at)));
  }
  const full = [WIDE_16, WIDE_16, WIDE, WIDE];
  fits(told.every((one, n) => one === known[n] || (isWide && one === full[n])), "two ends");
  const [count, among, length, start] = known;
  fits(count === among && start + length === end, "an index elsewhere");
  return { start, end, count };
}

function listedAt(read, at, goOn) {
  const head = read(at, 46);
  const [flags, kind] = [head.readUInt16LE(8), head.readUInt16LE(10)];
  const lengths = [head.readUInt16LE(28), head.readUInt16LE(30)];
  fits(head.readUInt32LE(0) === LISTED && head.readUInt16LE(34) === 0, "no index of one file");
  fits(head.readUInt16LE(32) === 0, "a comment");
  fits(head[6] <= EXTRACT_VERSION_MAX, "a version");
  fits((flags & 0x61) === 0 && [0, 8].includes(kind), "neither stored nor deflated");
  const [name, extra] = [read(at + 46, lengths[0]), read(at + 46 + lengths[0], lengths[1])];
  const numbers = [head.readUInt32LE(24), head.readUInt32LE(20), head.readUInt32LE(42)];
  const [size, packed, start] = widened(extra, numbers);
  const path = flags & 0x800 ? utf8(name) : Array.from(name, (one) => (one < 128 ? String.fromCharCode(one) : CP437[one - 128])).join("");
  const isFolder = path.endsWith("/");
  const mode = (head.readUInt32LE(38) >>> 16) & 0xf000;
  fits((mode === 0 || mode === (isFolder ? 0x4000 : 0x8000)) && !(isFolder && size > 0), "no file and no folder");
  goOn(at + 46 + lengths[0] + lengths[1]);
  return { name, path, flags, kind, crc: head.readUInt32LE(16), packed, size, start };
}

// What stands before a file, and after it, says the same as the index; the file is one stream, and as summed up.
function entryAt(read, one) {
  const head = read(one.start, 30);
  const [flags, kind] = [head.readUInt16LE(6), head.readUInt16LE(8)];
  const lengths = [head.readUInt16LE(26), head.readUInt16LE(28)];
  const [name, extra] = [read(one.start + 30, lengths[0]), read(one.start + 30 + lengths[0], lengths[1])];
  fits(head.readUInt32LE(0) === ENTRY, "no file where there is one");
  fits(name.equals(one.name) && (flags & 0x809) === (one.flags & 0x809) && kind === one.kind, "another file");
  const numbers = [head.readUInt32LE(22), head.readUInt32LE(18)];
  const isWide = numbers.every((number) => number === WIDE);
  const isStreamed = (flags & 8) !== 0;
  const found = [head.readUInt32LE(14), ...widened(extra, numbers)];
  const meant = [one.crc, one.size, one.packed];
  fits(found.every((told, n) => told === meant[n] || (isStreamed && told === 0)), "another sum or size");
  fits(isWide || !numbers.includes(WIDE), "one size of 64 bits");
  fits(kind === 8 || !isStreamed, "a stored file whose size comes after it");
  const start = one.start + 30 + lengths[0] + lengths[1];
  const content = contentOf(read(start, one.packed), one);
  const end = start + one.packed;
  if (!isStreamed) return [content, end];
  const after = read(end, isWide ? 24 : 16);
  const sizes = isWide
    ? [8, 16].map((at) => Number(after.readBigUInt64LE(at)))
    : [8, 12].map((at) => after.readUInt32LE(at));
  const told = [after.readUInt32LE(0), after.readUInt32LE(4), ...sizes];
  fits([AFTER, one.crc, one.packed, one.size].every((number, n) => number === told[n]), "something else after a file");
  return [content, end + after.length];
}

function contentOf(packed, one) {
  let content = packed;
  if (one.kind === 8)
    try {
      const { buffer, engine } = inflateRawSync(packed, { info: true, maxOutputLength: Math.max(one.size, 1) });
      fits(engine.bytesWritten === one.packed, "something after a stream");
      content = buffer;
    } catch (error) {
      if (error instanceof NotABundle) throw error;
      throw new NotABundle(`zip: ${error.message}`);
    }
  fits(content.length === one.size && crc32(content) === one.crc, "another content");
  return content;
}

// Sizes, where they stand in the one extra field for those that don't fit.
function widened(extra, numbers) {
  const fields = [];
  let at = 0;
  while (at + 4 <= extra.length) {
    const length = extra.readUInt16LE(at + 2);
    fields.push([extra.readUInt16LE(at), extra.subarray(at + 4, at + 4 + length)]);
    at += 4 + length;
  }
  fits(at === extra.length, "half an extra field");
  fits(fields.every(([kind]) => kind !== UNICODE_PATH), "two names");
  const held = fields.filter(([kind]) => kind === ZIP64).map(([, content]) => content);
  const large = numbers.filter((one) => one === WIDE).length;
  fits(held.length === (large > 0 ? 1 : 0) && (large === 0 || held[0].length === 8 * large), "sizes of 64 bits");
  let next = 0;
  return numbers.map((one) => (one === WIDE ? Number(held[0].readBigUInt64LE(8 * next++)) : one));
}

// The folder that all is in, with its slash; an empty text if the bundle is at the top.
function folderOf(paths) {
  if (paths.includes("manifest.json")) return "";
  const tops = new Set(paths.map((path) => path.split("/", 1)[0]));
  const [inside] = [...tops].map((top) => `${top}/`);
  fits(tops.size === 1 && TOP.test(inside) && !DEVICE.test(inside.slice(0, -1)), "not all in one folder");
  fits(paths.includes(`${inside}manifest.json`), "no manifest.json");
  return inside;
}

// -- the steps ---------------------------------------------------------------------------------------

function hashes(list) {
  insist(list.every((one) => typeof one === "string" && HASH.test(one)), "proof");
  return list.map(hex);
}

function verifyBundle(files, given) {
  const found = [];
  const counts = { false: 0, "cannot be told": 0 };
  const facts = {};
  const attempt = (place, step) => {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof Divergence)) throw error;
      const verdict = error instanceof Missing ? "cannot be told" : "false";
      counts[verdict] += 1;
      if (counts[verdict] <= FINDINGS_MAX) found.push({ verdict, field: error.field, ...place, ...error.place });
      return undefined;
    }
  };
  const isFull = () => counts.false >= CONTRADICTIONS_MAX;
  const content = (path) => {
    need(files.has(path), "file");
    return files.get(path);
  };
  const read = (path) => {
    insist(content(path).length <= FILE_BYTES_MAX, "bytes");
    return content(path);
  };
  const manifest = manifestOf(read, [...files.keys()]);
  const listed = new Map(manifest.files.map((one) => [one.path, one]));
  for (const path of REQUIRED) attempt({ file: "manifest.json" }, () => insist(listed.has(path), "files"));
  for (const [path, meant] of listed) {
    attempt({ file: path }, () => {
      const held = content(path);
      insist(BigInt(held.length) === meant.bytes && sha256(held).toString("hex") === meant.sha256, "sha256");
    });
  }
  const mine = attempt({ file: "keys/log.vkey" }, () => {
    const [key] = keysOf(read("keys/log.vkey"), 1);
    insist(key.kind === 1, "key");
    insist(!given.key || sameKey(ofOrigin(given.key, key.name), key), "key");
    return key;
  });
  const witnesses = listed.has("keys/witnesses.vkeys")
    ? (attempt({ file: "keys/witnesses.vkeys" }, () => keysOf(read("keys/witnesses.vkeys"), WITNESSES_MAX)) ?? [])
    : [];
  let known = mine;
  const checked = (note, key = known) => {
    if (key) {
      insist(note.origin === key.name, "origin");
      insist(signedBy(note, key), "signature");
    }
    return note;
  };
  const cosigned = (note) => witnesses.filter((witness) => signedBy(note, witness)).map((one) => one.line);
  const latest = attempt({ file: "checkpoint" }, () => noteOf(read("checkpoint")));
  if (!latest) return { found, facts, counts, attempt };
  known = mine ?? (given.key && ofOrigin(given.key, latest.origin));
  attempt({ file: "manifest.json" }, () => {
    insist(manifest.checkpoint === latest.size, "checkpoint");
    insist(manifest.log === latest.origin, "log");
  });
  Object.assign(facts, { log: latest.origin, size: latest.size, root: latest.root.toString("hex"), key: known?.line });
  attempt({ file: "checkpoint" }, () => {
    checked(latest);
    facts.claimed = cosigned(latest).filter((line) => !given.witnesses.some((one) => one.line === line));
  });
  facts.witnesses = given.witnesses.flatMap((witness) =>
    attempt({ file: "checkpoint" }, () => (need(signedBy(latest, witness), "cosignature"), [witness.name])) ?? []);
  let proofs = new Map();
  attempt({ file: "consistency.json" }, () => {
    const [size, held] = proofsOf(read("consistency.json"));
    proofs = held;
    insist(size === latest.size, "size");
  });
  for (const path of listed.keys()) {
    const stamped = path.startsWith("timestamps/") && path.endsWith(".note");
    if (!path.startsWith("checkpoints/") && !stamped) continue;
    attempt({ file: path }, () => {
      const note = checked(noteOf(read(path)));
      for (const witness of given.witnesses) signedBy(note, witness);
      insist(path === (stamped ? `timestamps/${note.size}.note` : `checkpoints/${note.size}`), "size");
      beginsWith(latest, note, proofs);
      if (!stamped) return;
      const name = path.replace(/note$/, "tsr");
      need(listed.has(name), "timestamp");
      const token = read(name);
      const digests = ["sha256", "sha512"].map((kind) => createHash(kind).update(read(path)).digest());
      insist(digests.some((digest) => token.includes(digest)), "timestamp");
    });
  }
  const knownProofs = new Map([...proofs, ...given.proofs]);
  const lineages = earlierLineages(manifest, listed, read, latest, known, attempt);
  for (const [file, note] of given.checkpoints)
    attempt({ file }, () => {
      checked(note, known && ofOrigin(known, note.origin));
      const lineage = lineageOf(note.origin)[1];
      if (lineage !== lineageOf(latest.origin)[1]) {
        const end = lineages.get(lineage);
        need(end && end.size === note.size, "proof");
        insist(end.root.equals(note.root), "root");
      } else if (note.size > latest.size) beginsWith(note, latest, knownProofs);
      else beginsWith(latest, note, knownProofs);
    });
  const events = verifyEvents(content, manifest, latest, attempt, facts, isFull);
  const { acknowledged, versions } = events;
  if (acknowledged) divergencesOf(acknowledged, lineages, attempt);
  facts.newest = null;
  if (listed.has("head.json"))
    attempt({ file: "head.json" }, () => {
      facts.newest = newestVersion(strict(utf8(read("head.json"))), manifest, latest, versions);
    });
  return { found, facts, counts, attempt, mine: { key: known, latest, manifest, proofs, ...events } };
}

// Which version of the case is the newest, by the map that the checkpoint signs.
function newestVersion(content, manifest, latest, versions) {
  const said = shaped("head", content, { size: "integer", stream: "text", version: "integer", hash: HASH, path: "list" });
  insist(said.size === latest.size, "size");
  insist(said.stream === `incident/${manifest.case}`, "stream");
  const last = [...versions.keys()].reduce((most, one) => (one > most ? one : most), 0n);
  insist(said.version >= 1n && said.version >= last, "version");
  const path = hashes(said.path);
  insist(path.length <= PATH_HASHES_MAX, "path");
  const roots = latest.text.split("\n").slice(3).filter((line) => line.startsWith(HEADS));
  insist(roots.length === 1, "heads");
  const root = base64(roots[0].slice(HEADS.length), "heads");
  insist(root.length === 32, "heads");
  const key = sha256(`muster/head/stream/v1\0${said.stream}`);
  const goesRight = (depth) => (key[depth >> 3] >> (7 - (depth & 7))) & 1;
  const leaf = sha256("\x02", key, integer(said.version, 8), hex(said.hash));
  const climbed = path.reduceRight(
    (below, beside, depth) => (goesRight(depth) ? sha256("\x03", beside, below) : sha256("\x03", below, beside)),
    leaf,
  );
  insist(climbed.equals(root), "map");
  if (said.version === last) insist(versions.get(last) === said.hash, "hash");
  return last > 0n ? { version: said.version, more: said.version - last, size: latest.size } : null;
}

// -- what came later ---------------------------------------------------------------------------------

// What a later bundle of the case, or a later checkpoint, tells beside this one; `read` returns either.
function compareLater({ attempt, facts, mine }, from, read, given) {
  attempt({ file: from }, () => {
    const later = untold(read);
    const told = Buffer.isBuffer(later) ? laterCheckpoint(mine, later, given) : laterBundle(mine, later, given);
    (facts.later ??= []).push({ from, ...told });
  });
}

// What is no bundle, no checkpoint or not sound tells nothing.
function untold(step, kinds = [NotABundle]) {
  try {
    return step();
  } catch (error) {
    if (kinds.some((kind) => error instanceof kind)) throw new Missing("later");
    throw error;
  }
}

function laterBundle(mine, files, given) {
  const other = untold(() => verifyBundle(files, given));
  need(other.found.length === 0 && mine?.key && other.mine.key, "later");
  const { key, manifest, latest, versions } = other.mine;
  const { whole } = other.facts;
  need(key.bytes.equals(mine.key.bytes) && manifest.case === mine.manifest.case, "later");
  const isNewer = latest.size > mine.latest.size;
  const [newer, older] = isNewer ? [latest, mine.latest] : [mine.latest, latest];
  const proofs = new Map([...mine.proofs, ...other.mine.proofs, ...given.proofs]);
  const isOne = newer.origin === older.origin;
  if (isOne) {
    insist(newer.size !== older.size || newer.root.equals(older.root), "root");
    untold(() => mayBeTold(newer, older, proofs) && beginsWith(newer, older, proofs), [Divergence]);
  }
  for (const [version, hash] of mine.versions) insist(!versions.has(version) || versions.get(version) === hash, "hash");
  const newest = (known) => [...known.keys()].reduce((most, one) => (one > most ? one : most), 0n);
  const more = newest(versions) - newest(mine.versions);
  return { versions: newest(versions), position: whole.position, as_of: whole.as_of, more: more > 0n ? more : 0n };
}

// That the log has grown; whether the case has, a checkpoint does not say.
function laterCheckpoint(mine, content, given) {
  need(mine?.latest && mine.key, "later");
  const { latest, key } = mine;
  const [name, number] = lineageOf(latest.origin);
  const note = untold(() => {
    const read = noteOf(content);
    insist(lineageOf(read.origin)[0] === name && signedBy(read, named(key, read.origin)), "later");
    return read;
  }, [Divergence]);
  const lineage = lineageOf(note.origin)[1];
  const isLater = lineage > number || (lineage === number && note.size > latest.size);
  const proofs = new Map([...mine.proofs, ...given.proofs]);
  const [newer, older] = isLater ? [note, latest] : [latest, note];
  const isProven = lineage === number && mayBeTold(newer, older, proofs);
  if (isProven) beginsWith(newer, older, proofs);
  return { size: note.size, lineage, more: null, is_later: isLater, is_proven: isProven };
}

// -- a report about the case -------------------------------------------------------------------------

const [CORE_END, PAGE_END, EVIDENCE] = ["\n<!-- muster-report-text ", "</body>\n</html>\n", "<!-- muster-report-proof "];
const EVIDENCE_OF = {
  incident: UUID, version: "integer", position: "integer", hash: HASH, proof: "list", checkpoint: "text",
};

const trimmed = (text) => text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");

// Which versions a report was made of, and its digest; nothing if that can't be read.
function evaluationIn(data) {
  try {
    return [shaped("evaluation", strict(data), { up_to_version: "integer", report_sha256: HASH })];
  } catch (error) {
    if (error instanceof Divergence) return [];
    throw error;
  }
}

// Whether a report is the one whose digest the case holds, and what it says of its checkpoint.
function checkReport({ attempt, facts, mine }, content, given) {
  attempt({ file: "report" }, () => {
    let [text, evidence] = [content, null];
    const at = content.lastIndexOf(CORE_END);
    if (at >= 0) {
      const rest = trimmed(utf8(content.subarray(at + CORE_END.length)));
      const [core, said] = withoutEvidence(content.subarray(0, at));
      evidence = said;
      text = base64(trimmed(rest.endsWith("-->") ? rest.slice(0, -3) : rest), "report");
      const named = text.toString("latin1").match(/(?<![^\n])HTML: SHA-256 `[0-9a-f]{64}`(?![^\n])/g) ?? [];
      insist(named.length === 1 && named[0].slice(15, 79) === sha256(core).toString("hex"), "report");
    }
    const checkpoint = evidence && evidenceHolds(mine, evidence, given);
    const digest = sha256(text).toString("hex");
    const made = (mine?.evaluations ?? []).filter((one) => one.report_sha256 === digest).at(-1);
    need(made !== undefined, "report");
    insist(checkpoint === null || checkpoint.version === made.up_to_version, "version");
    facts.report = { sha256: digest, up_to_version: made.up_to_version, checkpoint };
  });
}

// A page as it was hashed, and what was put at its end; no word of that is free.
function withoutEvidence(core) {
  const begin = core.lastIndexOf(EVIDENCE);
  if (begin < 0 || !core.subarray(-PAGE_END.length).equals(Buffer.from(PAGE_END))) return [core, null];
  const block = utf8(core.subarray(begin, -PAGE_END.length));
  const [encoded] = block.slice(EVIDENCE.length).split(" -->\n", 1);
  const said = shaped("proof", strict(utf8(base64(encoded, "proof"))), EVIDENCE_OF);
  const { origin, size, root } = noteOf(Buffer.from(said.checkpoint));
  insist(NAME.test(origin), "origin");
  const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;" };
  const meant = [
    `${EVIDENCE}${encoded} -->`,
    "<h2>证明 · Proof</h2>",
    "<dl>",
    `  <dt>版本 Versions</dt><dd>1 – ${said.version}<br><code>${said.hash}</code></dd>`,
    `  <dt>日志位置 Position</dt><dd>${said.position}</dd>`,
    `  <dt>检查点 Checkpoint</dt><dd>${origin.replace(/[&<>"']/g, (one) => escapes[one])}, ${size} 个事件 ` +
      `events<br><code>${root.toString("hex")}</code></dd>`,
    "</dl>",
    "",
  ];
  insist(block === meant.join("\n"), "proof");
  return [Buffer.concat([core.subarray(0, begin), Buffer.from(PAGE_END)]), said];
}

function evidenceHolds(mine, said, given) {
  need(mine?.key && mine.latest, "report");
  const { key, latest, manifest, versions, positions } = mine;
  insist(said.incident === manifest.case, "case");
  need(versions.has(said.version), "report");
  insist(versions.get(said.version) === said.hash, "hash");
  insist(positions.get(said.version) === said.position, "position");
  const signed = noteOf(Buffer.from(said.checkpoint));
  const its = ofOrigin(key, signed.origin);
  insist(its.name === signed.origin && signedBy(signed, its), "signature");
  const leaf = leafOf(hex(said.hash));
  insist(includes(leaf, said.position - 1n, signed.size, hashes(said.proof), signed.root), "inclusion");
  const proofs = new Map([...mine.proofs, ...given.proofs]);
  const [newer, older] = signed.size > latest.size ? [signed, latest] : [latest, signed];
  const compared = newer.origin === older.origin && mayBeTold(newer, older, proofs);
  if (compared) beginsWith(newer, older, proofs);
  return { size: signed.size, version: said.version, position: said.position, compared };
}

// The size of a log, and the proofs that it begins with others, by both sizes.
function proofsOf(content) {
  const said = shaped("consistency", strict(utf8(content)), { size: "integer", proofs: "list" });
  const proofs = new Map();
  for (const one of said.proofs) {
    shaped("consistency", one, { from: "integer", proof: "list" });
    insist(!proofs.has(`${one.from} ${said.size}`), "from");
    proofs.set(`${one.from} ${said.size}`, hashes(one.proof));
  }
  return [said.size, proofs];
}

const mayBeTold = (newer, older, proofs) => newer.size === older.size || proofs.has(`${older.size} ${newer.size}`);

function beginsWith(newer, older, proofs) {
  need(mayBeTold(newer, older, proofs), "proof");
  const proof = proofs.get(`${older.size} ${newer.size}`) ?? [];
  insist(begins(older.size, older.root, newer.size, newer.root, proof), "consistency");
}

function manifestOf(read, paths) {
  try {
    const said = shaped("manifest", strict(utf8(read("manifest.json"))), MANIFEST);
    insist([FORMAT_1, FORMAT].includes(said.format), "format");
    for (const one of said.files) shaped("files", one, { path: PATH, bytes: "integer", sha256: HASH });
    const listed = said.files.map((one) => one.path);
    insist(listed.length <= FILES_MAX && !listed.some((one) => one.endsWith("/")), "files");
    plain(listed);
    plain([...new Set([...listed, ...paths])]);
    return said;
  } catch (error) {
    if (!(error instanceof Divergence)) throw error;
    throw new NotABundle(error.message);
  }
}

function linesOf(content) {
  const lines = [];
  let at = 0;
  for (let end = content.indexOf(10); end >= 0; end = content.indexOf(10, at)) {
    lines.push(content.subarray(at, end));
    at = end + 1;
  }
  const fits = lines.every((line) => line.length < LINE_BYTES_MAX);
  return { lines, whole: fits && at === content.length };
}

function verifyEvents(content, manifest, latest, attempt, facts, isFull) {
  let isRead = true;
  const [versions, positions, evaluations] = [new Map(), new Map(), []];
  const [proofs, lines] = ["proofs.jsonl", "events.jsonl"].map((file) => {
    const found = attempt({ file }, () => linesOf(content(file)));
    isRead = found !== undefined;
    if (!isRead) return [];
    attempt({ file }, () => insist(found.whole, "line"));
    return found.lines;
  });
  const read = { versions, positions, evaluations };
  if (!isRead) return read;
  const proven = new Map();
  let last = 0n;
  for (const [number, line] of proofs.entries()) {
    if (isFull()) break;
    attempt({ file: "proofs.jsonl", line: number + 1 }, () => {
      const said = shaped("proof", strict(utf8(line)), { position: "integer", proof: "list" });
      insist(said.position > last, "position");
      last = said.position;
      proven.set(said.position, hashes(said.proof));
    });
  }
  const left = new Set(proven.keys());
  attempt({ file: "events.jsonl" }, () => insist(BigInt(lines.length) === manifest.events, "events"));
  const streams = new Map();
  let [position, recordedAt] = [0n, ""];
  const told = { opening: null, end: null, exported: null, acknowledged: [], last: 0n };
  const mine = `export/${manifest.export}`;
  for (const [number, line] of lines.entries()) {
    if (isFull()) break;
    const place = { file: "events.jsonl", line: number + 1 };
    const event = attempt(place, () => shaped("event", strict(utf8(line)), EVENT));
    if (!event) continue;
    Object.assign(place, { position: Number(event.position), stream: event.stream, version: Number(event.version) });
    attempt(place, () => {
      for (const name of ["position", "version"]) insist(event[name] >= 1n, name);
      insist(event.schema_version >= 1n && event.schema_version <= 32767n, "schema_version");
      for (const name of ["data", "meta"])
        insist(sha256(event[name]).toString("hex") === event[`${name}_sha256`], name);
      insist(sha256(preimage(event)).toString("hex") === event.hash, "hash");
      insist(event.position > position, "position");
      insist(event.recorded_at >= recordedAt, "recorded_at");
      const stream = streams.get(event.stream);
      insist(!stream || event.version > stream.version, "version");
      if (event.version === 1n) insist(event.before === genesis(event.stream).toString("hex"), "before");
      else if (stream && event.version === stream.version + 1n) insist(event.before === stream.hash, "before");
      const proof = proven.get(event.position);
      need(proof !== undefined, "proof");
      left.delete(event.position);
      const leaf = leafOf(hex(event.hash));
      insist(includes(leaf, event.position - 1n, latest.size, proof, latest.root), "inclusion");
    });
    position = event.position > position ? event.position : position;
    recordedAt = event.recorded_at > recordedAt ? event.recorded_at : recordedAt;
    const stream = streams.get(event.stream) ?? { versions: new Map() };
    stream.versions.set(event.version, event.hash);
    streams.set(event.stream, Object.assign(stream, { version: event.version, hash: event.hash }));
    if (event.stream === `incident/${manifest.case}`) {
      versions.set(event.version, event.hash);
      positions.set(event.version, event.position);
      if (event.type === "EvaluationCompleted") evaluations.push(...evaluationIn(event.data));
      told.opening ??= event;
      told.end = event;
    }
    if (event.stream === mine) told.exported = event;
    else if (event.stream.startsWith("log/")) told.acknowledged.push(event);
    else if (event.position > told.last) told.last = event.position;
  }
  const heads = Object.fromEntries([...streams].map(([name, { hash }]) => [name, hash]));
  Object.assign(facts, { case: manifest.case, export: manifest.export, events: lines.length, position, heads });
  if (isFull()) {
    attempt({ file: "events.jsonl" }, () => insist(false, "lines"));
    return read;
  }
  for (const position of left)
    attempt({ file: "proofs.jsonl", position: Number(position) }, () => insist(false, "position"));
  const whole = attempt({ file: "events.jsonl", stream: mine }, () => asExported(told, manifest, streams, mine));
  if (whole) facts.whole = whole;
  return { acknowledged: told.acknowledged, ...read };
}

// -- nothing left out --------------------------------------------------------------------------------

const DIVERGED = {
  doubt: "text", stream: "text", expected: "text", found: "text", signed_root: "text", root: "text",
  position: "integer", version: "integer", lineage: "integer", signed_size: "integer", size: "integer",
};
const ENDS_A_LINEAGE = ["leaf", "root", "end", "checkpoint"];

function asExported(told, manifest, streams, mine) {
  const { opening, end, exported, acknowledged, last } = told;
  const isFirst = manifest.format === FORMAT_1;
  const its = `incident/${manifest.case}`;
  insist(exported !== null, "export");
  insist(streams.get(mine).versions.size === 1 && exported.version === 1n, "export");
  insist(exported.type === "CaseExported", "type");
  insist(exported.schema_version === (isFirst ? 1n : 2n), "schema_version");
  const fields = { incident: UUID, spans: "list", ...(isFirst ? {} : { as_of: "integer" }) };
  const said = shaped("export", strict(exported.data), fields);
  insist(said.incident === manifest.case, "case");
  const meta = strict(exported.meta);
  insist(meta !== null && typeof meta === "object" && !Array.isArray(meta), "meta");
  insist(meta.command_id === manifest.export, "command_id");
  insist(typeof meta.actor === "string" && meta.actor !== "", "actor");

  const left = new Set();
  for (const [stream, { versions }] of streams)
    if (stream !== mine) for (const version of versions.keys()) left.add(`${stream} ${version}`);
  const ends = new Map();
  for (const span of said.spans) {
    shaped("export", span, SPAN);
    const versions = streams.get(span.stream)?.versions ?? new Map();
    insist(span.first >= 1n && span.first <= span.last, "first");
    if (ends.size === 0) insist(span.stream === its && span.first === 1n, "spans");
    else insist(span.stream !== its && span.first > (ends.get(span.stream) ?? 0n), "spans");
    ends.set(span.stream, span.last);
    for (let version = span.first; version <= span.last; version += 1n) {
      const held = left.delete(`${span.stream} ${version}`);
      insist(held, "version", { stream: span.stream, version: Number(version) });
    }
    insist(versions.get(span.last) === span.hash, "hash", { stream: span.stream });
  }
  insist(ends.size > 0, "spans");
  if (!isFirst)
    for (const one of acknowledged)
      if (one.position > exported.position) left.delete(`${one.stream} ${one.version}`);
  insist(left.size === 0, "export");

  insist(opening !== null && opening.version === 1n && opening.type === "IncidentOpened", "opening");
  insist(last < exported.position, "position");
  const whole = { versions: end.version, position: exported.position - 1n, as_of: null };
  if (isFirst) return whole;
  insist(end.type === "ExportRecorded" && end.schema_version === 1n, "end");
  insist(shaped("end", strict(end.data), { export: "text" }).export === manifest.export, "end");
  insist(said.as_of === end.position && end.position === exported.position - 1n, "as_of");
  return { ...whole, as_of: end.recorded_at };
}

function lineageOf(origin) {
  const later = /^(.+)\/([2-9]|[1-9][0-9]{1,2})$/.exec(origin);
  return later ? [later[1], Number(later[2])] : [origin, 1];
}

function named(key, name) {
  const content = Buffer.concat([Buffer.from([key.kind]), key.bytes]);
  const id = sha256(name, "\n", content).subarray(0, 4).toString("hex");
  return { ...key, name, id, line: `${name}+${id}+${content.toString("base64")}` };
}

// The same key in the lineage of an origin; itself if that is of another log.
const ofOrigin = (key, origin) => (lineageOf(origin)[0] === lineageOf(key.name)[0] ? named(key, origin) : key);
const sameKey = (one, other) => one.line === other.line;

// What was signed last in each lineage before this one.
function earlierLineages(manifest, listed, read, latest, key, attempt) {
  const found = new Map();
  if (manifest.format === FORMAT_1 || !key) return found;
  const [name, number] = lineageOf(latest.origin);
  const wanted = Array.from({ length: number - 1 }, (_, at) => `lineages/${at + 1}`).sort();
  const there = [...listed.keys()].filter((path) => path.startsWith("lineages/")).sort();
  attempt({ file: "manifest.json" }, () => insist(wanted.join() === there.join(), "lineages"));
  for (let one = 1; one < number; one += 1)
    attempt({ file: `lineages/${one}` }, () => {
      const note = noteOf(read(`lineages/${one}`));
      const origin = one === 1 ? name : `${name}/${one}`;
      insist(note.origin === origin, "origin");
      insist(signedBy(note, named(key, origin)), "signature");
      found.set(one, note);
    });
  return found;
}

function divergencesOf(acknowledged, lineages, attempt) {
  const ends = new Set();
  for (const event of acknowledged)
    attempt({ file: "events.jsonl", position: Number(event.position) }, () => {
      insist(event.type === "DivergenceAcknowledged", "type");
      const content = strict(event.data);
      insist(content !== null && typeof content === "object", "divergence");
      const { what } = content;
      insist(what !== null && typeof what === "object" && !Array.isArray(what), "divergence");
      const said = Object.fromEntries(Object.keys(DIVERGED).map((name) => [name, what[name]]));
      shaped("divergence", said, DIVERGED);
      if (["witness", "archive"].includes(said.doubt)) ends.add(`${said.lineage}`);
      if (ENDS_A_LINEAGE.includes(said.doubt)) ends.add(`${said.lineage} ${said.signed_size} ${said.signed_root}`);
    });
  for (const [number, { size, root }] of lineages)
    attempt({ file: `lineages/${number}` }, () => {
      const end = `${number} ${size} ${root.toString("hex")}`;
      insist(ends.has(end) || ends.has(`${number}`), "lineage");
    });
}

// -- test vectors ------------------------------------------------------------------------------------

function checkVectors(vectors) {
  const accepts = (step) => {
    try {
      return step();
    } catch (error) {
      if (error instanceof Divergence) return false;
      throw error;
    }
  };
  const kinds = {
    genesis: (one) => genesis(one.stream).toString("hex"),
    preimage: (one) => preimage(one.event).toString("hex"),
    event: (one) => sha256(preimage(one.event)).toString("hex"),
    instant: (one) => accepts(() => INSTANT.test(one.instant) && String(microseconds(one.instant))) || null,
    leaf: (one) => leafOf(hex(one.entry)).toString("hex"),
    inclusion: (one) =>
      includes(hex(one.leaf), BigInt(one.index), BigInt(one.size), one.proof.map(hex), hex(one.root)),
    consistency: (one) =>
      begins(BigInt(one.first), hex(one.first_root), BigInt(one.second), hex(one.second_root), one.proof.map(hex)),
    ed25519: (one) => ed25519(hex(one.public), hex(one.message), hex(one.signature)),
    keys: (one) => accepts(() => keysOf(Buffer.from(one.file), WITNESSES_MAX).length > 0),
    paths: (one) => accepts(() => (plain(one.paths), true)),
    note: (one) => accepts(() => signedBy(noteOf(Buffer.from(one.note)), keyOf(one.key))),
    json: (one) => accepts(() => (strict(one.text), true)),
    zip: (one) => digestOf(Buffer.from(one.zip, "base64")),
  };
  const base = vectors.bundle[0].files;
  const changed = (changes) => {
    const files = Object.entries({ ...base, ...changes }).filter(([, text]) => text !== null);
    return new Map(files.map(([path, text]) => [path, Buffer.from(text)]));
  };
  kinds.bundle = (one) => {
    const changes = (one.of === undefined ? one : vectors.bundle[one.of]).files;
    const { key, witnesses = [], checkpoints = [] } = one.given ?? {};
    const given = () => ({
      key: key === undefined ? undefined : keyOf(key),
      witnesses: witnesses.map(keyOf),
      checkpoints: checkpoints.map((note) => ["kept", noteOf(Buffer.from(note))]),
      proofs: new Map(),
      later: (one.later ?? []).map(({ note, files }) => ["later", () => (note ? Buffer.from(note) : changed(files))]),
    });
    const reported = () => ({ ...given(), report: one.report === undefined ? undefined : Buffer.from(one.report) });
    const { verdict, sound, facts } = verifyOne(() => changed(changes), reported);
    if (!sound) return verdict;
    const newest = facts.newest ? [`newest ${facts.newest.version}, ${facts.newest.more} more`] : [];
    const later = (facts.later ?? []).map(({ more }) => `later ${more ?? "?"}`);
    const { up_to_version, checkpoint } = facts.report ?? {};
    const compared = checkpoint?.compared ? ", compared" : "";
    const held = checkpoint ? `checkpoint ${checkpoint.size}${compared}` : "no checkpoint";
    return [verdict, ...newest, ...later, ...(facts.report ? [`report ${up_to_version}, ${held}`] : [])].join("; ");
  };
  kinds.report = kinds.bundle;
  return Object.entries(kinds).flatMap(([kind, compute]) =>
    vectors[kind].flatMap((one, number) => {
      const found = compute(one);
      return found === one.expected ? [] : [`${kind} ${number}: expected ${one.expected}, found ${found}`];
    }),
  );
}

// The SHA-256 over the files of a zip, each with its own; null if it is none.
function digestOf(content) {
  try {
    const files = [...zipIn(content)].toSorted(([one], [other]) => (one < other ? -1 : 1));
    return sha256(...files.map(([path, held]) => `${sha256(held).toString("hex")} ${path}\n`)).toString("hex");
  } catch (error) {
    if (error instanceof NotABundle || error instanceof Divergence) return null;
    throw error;
  }
}

function verifyOne(files, known) {
  try {
    const given = typeof known === "function" ? known() : known;
    const done = verifyBundle(files(), given);
    for (const [from, read] of given.later) compareLater(done, from, read, given);
    if (given.report) checkReport(done, given.report, given);
    const { found, facts, counts } = done;
    const exit = counts.false > 0 ? 1 : found.length > 0 ? 2 : 0;
    return { exit, verdict: VERDICTS[exit], sound: exit === 0, bundle: true, divergences: found, found: counts, facts };
  } catch (error) {
    const reason = error instanceof NotABundle || error instanceof Divergence ? error.message : `fault: ${error.stack}`;
    return { exit: 2, verdict: VERDICTS[2], sound: false, bundle: false, reason };
  }
}

const plainly = (value) => JSON.stringify(value, (_, one) => (typeof one === "bigint" ? Number(one) : one));

function givenBy(options) {
  const given = { key: undefined, witnesses: [], checkpoints: [], proofs: new Map(), later: [] };
  for (let at = 0; at < options.length; at += 2) {
    const [name, value] = options.slice(at, at + 2);
    if (name === "--key") given.key = keyOf(value);
    else if (name === "--witness") given.witnesses.push(keyOf(value));
    else if (name === "--checkpoint") given.checkpoints.push([value, noteOf(readFileSync(value))]);
    else if (name === "--proof") for (const one of proofsOf(readFileSync(value))[1]) given.proofs.set(...one);
    else if (name === "--report") given.report = readFileSync(value);
    else if (name === "--later") given.later.push([value, () => laterAt(value)]);
    else throw new NotABundle(`no such option: ${name}`);
  }
  return given;
}

// A folder or a zip is a later bundle; what else there is, a checkpoint.
function laterAt(path) {
  try {
    if (statSync(path).isDirectory()) return filesOf(path);
    const content = statSync(path).size > FILE_BYTES_MAX ? undefined : readFileSync(path);
    return content && content.subarray(-22).indexOf("PK\x05\x06") !== 0 ? content : zipAt(path);
  } catch (error) {
    if (error instanceof Divergence || error.code !== undefined) throw new NotABundle(error.message);
    throw error;
  }
}

const UNKNOWING = { key: undefined, witnesses: [], checkpoints: [], proofs: new Map(), later: [] };
const [first, second, ...rest] = process.argv.slice(2);
if (first === "--vectors") {
  const found = checkVectors(JSON.parse(readFileSync(second, "utf8")));
  console.log(JSON.stringify({ sound: found.length === 0, divergences: found }));
  process.exitCode = found.length === 0 ? 0 : 1;
} else if (first === "--each") {
  console.log(plainly([second, ...rest].map((folder) => verifyOne(() => filesOf(folder), UNKNOWING))));
} else if (first === "--zips") {
  for await (const line of createInterface({ input: process.stdin }))
    process.stdout.write(`${plainly(digestOf(Buffer.from(line, "base64")))}\n`);
} else if (first === "--stream") {
  const [base, given] = [filesOf(second), givenBy(rest)];
  for await (const line of createInterface({ input: process.stdin })) {
    const files = new Map(base);
    for (const [path, content] of Object.entries(JSON.parse(line)))
      if (content === null) files.delete(path);
      else files.set(path, Buffer.from(content, "base64"));
    const { exit, facts, reason } = verifyOne(() => files, given);
    process.stdout.write(`${plainly({ exit, facts, reason })}\n`);
  }
} else {
  const options = second === undefined ? [] : [second, ...rest];
  const found = verifyOne(() => filesOf(first), () => givenBy(options));
  console.log(plainly(found));
  process.exitCode = found.exit;
}
