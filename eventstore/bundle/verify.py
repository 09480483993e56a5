#!/usr/bin/env python3
"""Is this case what the log said? Runs alone: Python 3.9 or later, no network, nothing else.

    python3 verify.py                              the bundle that this file lies in
    python3 verify.py BUNDLE                       another one: a folder or a .zip
    python3 verify.py BUNDLE --key FILE            ... by the log's key as you were given it
    python3 verify.py BUNDLE --witness FILE        ... cosigned by a witness that you trust
    python3 verify.py BUNDLE --checkpoint FILE     ... beginning with what you have kept yourself
    python3 verify.py --vectors vectors.json       whether this program computes what it should

It takes nothing from the product that made the bundle. FORMAT.md says what is computed and why.
It ends with 0 if the bundle is sound, 1 if it diverges, 2 if it is not a bundle.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import contextlib
import hashlib
import json
import re
import sys
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Callable, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

SOUND, DIVERGES, NOT_A_BUNDLE = 0, 1, 2
FORMAT = "muster-case-bundle/1"
SHOWN_MAX = 20
"""Divergences that are printed; all are counted."""
LINE_BYTES_MAX = 64 * 1024 * 1024
FILE_BYTES_MAX = 16 * 1024 * 1024
"""Bytes of a file that is read at once; events and proofs are read line by line."""
ALONE = ("checkpoint", "consistency.json", "events.jsonl", "keys/log.vkey", "proofs.jsonl")
"""Files without which there is nothing to verify."""

PATH = re.compile(r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9._/+-]{0,199}")
HASH = re.compile(r"[0-9a-f]{64}")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
SEALED = re.compile(r"sealed:v1:([A-Za-z0-9._/-]+):[A-Za-z0-9+/_=-]+")
EPOCH = datetime(2000, 1, 1, tzinfo=timezone.utc)
INTEGER_MAX = 2**63 - 1

Fields = dict[str, tuple[type, Any]]
"""What an object must hold: each field, its kind, and the form of a text."""


class NotABundle(Exception):  # noqa: N818 - a state
    """There is nothing here that could be verified."""


class Broken(ValueError):  # noqa: N818 - a state
    """Something is not of the form that it must have: which field, what was expected and found."""

    def __init__(self, field: str, expected: object, found: object) -> None:
        super().__init__(field, expected, found)
        self.field, self.expected, self.found = field, str(expected), str(found)


class Where(NamedTuple):
    """A place in a bundle."""

    file: str
    line: int = 0
    position: int = 0
    stream: str = ""
    version: int = 0

    def __str__(self) -> str:
        line = f":{self.line}" if self.line else ""
        position = f"position {self.position}, " if self.position else ""
        stream = f"{self.stream} version {self.version}" if self.stream else ""
        return f"{self.file}{line}: {position}{stream}".rstrip(": ,")


class Report:
    """What was found."""

    def __init__(self) -> None:
        self.divergences: list[dict[str, Any]] = []
        self.facts: dict[str, Any] = {}

    def diverges(self, where: Where, field: str, expected: object, found: object) -> None:
        told = {"field": field, "expected": _short(expected), "found": _short(found)}
        self.divergences.append({"where": str(where), **where._asdict(), **told})

    @contextlib.contextmanager
    def reading(self, where: Where) -> Iterator[None]:
        """Take down what is broken at a place, and go on after it."""
        try:
            yield
        except Broken as broken:
            self.diverges(where, broken.field, broken.expected, broken.found)
        except UnicodeDecodeError as error:
            self.diverges(where, "text", "UTF-8", error.reason)


class Bundle:
    """The files of a bundle, in a folder or in a zip."""

    def __init__(self, path: str) -> None:
        self._folder = Path(path)
        self._zip: zipfile.ZipFile | None = None
        self._inside = ""
        if self._folder.is_dir():
            return
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise NotABundle(f"{path}: {error}") from None
        names = self._zip.namelist()
        if len(set(names)) != len(names):
            raise NotABundle(f"{path} names a file twice")
        found = [name for name in names if name.rpartition("/")[2] == "manifest.json"]
        self._inside = min(found, key=len).rpartition("manifest.json")[0] if found else ""

    def open(self, path: str) -> IO[bytes]:
        """Open a file. Raises Broken if there is none."""
        try:
            if self._zip is None:
                return (self._folder / path).open("rb")
            return self._zip.open(self._inside + path)
        except (OSError, KeyError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise Broken("file", "to be there", type(error).__name__) from None

    def read(self, path: str) -> bytes:
        """Return a small file."""
        with self.open(path) as file:
            content = _guarded(lambda: file.read(FILE_BYTES_MAX + 1))
        if len(content) > FILE_BYTES_MAX:
            raise Broken("bytes", f"at most {FILE_BYTES_MAX}", "more")
        return content

    def lines(self, path: str) -> Iterator[bytes]:
        """Yield the lines of a file, each without its newline."""
        with self.open(path) as file:
            while True:
                line = _guarded(lambda: file.readline(LINE_BYTES_MAX))
                if not line:
                    return
                if not line.endswith(b"\n"):
                    raise Broken("line", "to end in a newline", "it is cut off")
                yield line[:-1]

    def digest(self, path: str) -> tuple[int, str]:
        """Return how many bytes a file has, and their SHA-256."""
        size, digest = 0, hashlib.sha256()
        with self.open(path) as file:
            while True:
                part = _guarded(lambda: file.read(1 << 20))
                if not part:
                    return size, digest.hexdigest()
                size += len(part)
                digest.update(part)


# -- what is hashed ----------------------------------------------------------------------------


def genesis(stream: str) -> bytes:
    """Return what the first event of a stream is chained to."""
    return _sha256(b"muster/stream/v1\x00" + _sized(stream))


def preimage(event: dict[str, Any]) -> bytes:
    """Return the bytes whose SHA-256 is the hash of an event."""
    return b"".join(
        (
            b"muster/event/v1\x00",
            bytes.fromhex(event["before"]),
            _sized(event["stream"]),
            event["version"].to_bytes(8, "big"),
            bytes.fromhex(event["event_id"].replace("-", "")),
            microseconds(event["recorded_at"]).to_bytes(8, "big", signed=True),
            microseconds(event["occurred_at"]).to_bytes(8, "big", signed=True),
            _sized(event["type"]),
            event["schema_version"].to_bytes(2, "big"),
            _sha256(event["data"].encode()),
            _sha256(event["meta"].encode()),
        )
    )


def microseconds(instant: str) -> int:
    """Return the microseconds from 2000 to an instant."""
    try:
        read = datetime.strptime(instant, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    except ValueError:
        raise Broken("instant", "a moment that there is", instant) from None
    return (read - EPOCH) // timedelta(microseconds=1)


def leaf(entry: bytes) -> bytes:
    """Return the leaf of an event's hash in the tree."""
    return _sha256(b"\x00" + entry)


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash over two parts of the tree."""
    return _sha256(b"\x01" + left + right)


def includes(start: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> bool:
    """Tell whether a leaf is in a tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, start
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def extends(first: int, older: bytes, second: int, newer: bytes, proof: list[bytes]) -> bool:
    """Tell whether a tree begins with an older one (RFC 9162, 2.1.4.2)."""
    if first in (0, second):
        return not proof and older == (newer if first else _sha256(b""))
    if not 0 < first < second or not proof:
        return False
    hashes = [older, *proof] if first & (first - 1) == 0 else proof
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    left = right = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            left, right = node(sibling, left), node(sibling, right)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            right = node(right, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and left == older and right == newer


# -- signatures: Ed25519 (RFC 8032), in numbers -------------------------------------------------

Point = tuple[int, int, int, int]
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
NEUTRAL: Point = (0, 1, 1, 0)


def ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether a signature is that of a key over a message."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, scalar = _point(public), int.from_bytes(signature[32:], "little")
    if key is None or scalar >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    minus: Point = (P - key[0], key[1], key[2], P - key[3])
    both, found = _add(BASE, minus), NEUTRAL
    for bit in range(255, -1, -1):
        found = _add(found, found)
        which = (scalar >> bit & 1) + 2 * (challenge >> bit & 1)
        if which:
            found = _add(found, (BASE, minus, both)[which - 1])
    return _packed(found) == signature[:32]


def _point(packed: bytes) -> Point | None:
    number = int.from_bytes(packed, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


def _add(one: Point, two: Point) -> Point:
    a, b = (one[1] - one[0]) * (two[1] - two[0]) % P, (one[1] + one[0]) * (two[1] + two[0]) % P
    c, d = 2 * one[3] * two[3] * D % P, 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _packed(point: Point) -> bytes:
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little")) or NEUTRAL


# -- signed notes (c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature) ---------------------


class Key(NamedTuple):
    """A key that signatures are checked with."""

    name: str
    key_id: bytes
    kind: int
    public: bytes
    text: str

    @classmethod
    def parse(cls, text: str) -> Key:
        name, _, rest = text.strip("\n").partition("+")
        key_id, _, encoded = rest.partition("+")
        content = _unbase64("key", encoded)
        if len(content) != 33 or content[0] not in (1, 4) or not _is_name(name):
            raise Broken("key", "name+id+key, of kind 1 or 4", text)
        made = _sha256(name.encode() + b"\n" + content)[:4]
        if made.hex() != key_id:
            raise Broken("key", f"the id {made.hex()}", key_id)
        return cls(name, made, content[0], content[1:], text.strip("\n"))

    def signed(self, text: str, signature: bytes) -> bool:
        if self.kind == 4:
            time = int.from_bytes(signature[:8], "big")
            text, signature = f"cosignature/v1\ntime {time}\n{text}", signature[8:]
        return ed25519(self.public, text.encode(), signature)


class Checkpoint(NamedTuple):
    """What the log was, as it was signed."""

    origin: str
    size: int
    root: bytes
    text: str
    signatures: list[tuple[str, bytes, bytes]]

    @classmethod
    def parse(cls, note: bytes) -> Checkpoint:
        text, empty, below = note.decode().rpartition("\n\n")
        lines = text.split("\n")
        if not empty or not below.endswith("\n") or len(lines) < 3 or not all(lines):
            raise Broken("note", "a text of three lines, an empty line, signatures", note[:200])
        if not SIZE.fullmatch(lines[1]) or int(lines[1]) > INTEGER_MAX:
            raise Broken("size", "a number", lines[1])
        root = _unbase64("root", lines[2])
        if len(root) != 32:
            raise Broken("root", "32 bytes", len(root))
        signatures = [_signature(line) for line in below[:-1].split("\n")]
        return cls(lines[0], int(lines[1]), root, text + "\n", signatures)

    def require(self, key: Key) -> None:
        """Raise Broken unless the log signed this."""
        if self.origin != key.name:
            raise Broken("origin", key.name, self.origin)
        if not self.signed_by(key):
            raise Broken("signature", f"one by {key.text}", "none")

    def signed_by(self, key: Key) -> bool:
        """Tell whether a key signed. Raises Broken for a signature of its that is wrong."""
        found = [one for name, key_id, one in self.signatures if (name, key_id) == key[:2]]
        if not all(key.signed(self.text, one) for one in found):
            raise Broken("signature", f"that of {key.text}", "another one")
        return bool(found)


def _signature(line: str) -> tuple[str, bytes, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    content = _unbase64("signature", encoded)
    if dash != "\u2014" or not _is_name(name) or len(content) <= 4:
        raise Broken("signature", "a dash, a name and base64", line)
    return name, content[:4], content[4:]


# -- the steps -----------------------------------------------------------------------------------


class Given(NamedTuple):
    """What you know yourself, and did not take from the bundle."""

    key: str | None = None
    witnesses: tuple[str, ...] = ()
    checkpoints: tuple[tuple[str, bytes], ...] = ()
    """Where each comes from, and its note."""
    proofs: dict[int, list[bytes]] = {}  # noqa: RUF012 - nobody changes it


class Verification:
    """One bundle, step by step. `report` says what was found."""

    def __init__(self, bundle: Bundle, given: Given) -> None:
        self.bundle, self.given, self.report = bundle, given, Report()
        self.manifest = _manifest(bundle)
        self.files = {one["path"]: one for one in self.manifest["files"]}
        self.key: Key | None = None
        self.checkpoint: Checkpoint | None = None
        self.witnesses: list[Key] = []
        self.proofs: dict[int, list[bytes]] = {}

    def run(self) -> Report:
        self._files()
        self._keys()
        with self.report.reading(Where("checkpoint")):
            self._latest()
        if self.checkpoint is not None:
            self._earlier(self.checkpoint)
            self._yours(self.checkpoint)
            Events(self).run(self.checkpoint)
        return self.report

    def _files(self) -> None:
        """Every file is the one that the manifest means."""
        for path in ALONE:
            if path not in self.files:
                self.report.diverges(Where("manifest.json"), "files", f"{path} among them", "not")
        for path, meant in self.files.items():
            with self.report.reading(Where(path)):
                size, digest = self.bundle.digest(path)
                if (size, digest) != (meant["bytes"], meant["sha256"]):
                    raise Broken(
                        "sha256",
                        f"{meant['bytes']} bytes, {meant['sha256']}",
                        f"{size} bytes, {digest}",
                    )

    def _keys(self) -> None:
        """See that the log's key is the one that you were given; else take the bundle's."""
        with self.report.reading(Where("keys/log.vkey")):
            self.key = Key.parse(self.bundle.read("keys/log.vkey").decode())
            if self.given.key and Key.parse(self.given.key) != self.key:
                raise Broken("key", self.given.key, self.key.text)
        if self.given.key:
            self.key = Key.parse(self.given.key)
        path = "keys/witnesses.vkeys"
        if path in self.files:
            with self.report.reading(Where(path)):
                text = self.bundle.read(path).decode()
                self.witnesses = [Key.parse(line) for line in text.splitlines()]

    def _latest(self) -> None:
        """See that the log signed the newest checkpoint, and the witnesses that you name."""
        read = Checkpoint.parse(self.bundle.read("checkpoint"))
        self.checkpoint = read
        for name, found in (("checkpoint", read.size), ("log", read.origin)):
            if self.manifest[name] != found:
                where = Where("manifest.json")
                self.report.diverges(where, name, found, self.manifest[name])
        if self.key is not None:
            read.require(self.key)
        cosigned = [one.name for one in self.witnesses if read.signed_by(one)]
        for witness in map(Key.parse, self.given.witnesses):
            if not read.signed_by(witness):
                raise Broken("cosignature", f"one by {witness.text}", "none")
            cosigned.append(witness.name)
        facts = {
            "log": read.origin,
            "size": read.size,
            "root": read.root.hex(),
            "key": self.key.text if self.key else None,
            "witnesses": sorted(set(cosigned)),
        }
        self.report.facts.update(facts)

    def _earlier(self, latest: Checkpoint) -> None:
        """See that the newest tree begins with each of the earlier ones."""
        with self.report.reading(Where("consistency.json")):
            said = strict(self.bundle.read("consistency.json").decode())
            self.proofs = _consistency(said)
            _same("size", latest.size, said["size"])
        for path in self.files:
            with self.report.reading(Where(path)):
                if path.startswith("checkpoints/"):
                    self._older(path, "checkpoints/{}", latest)
                    self._count("earlier checkpoints")
                elif path.startswith("timestamps/") and path.endswith(".note"):
                    self._older(path, "timestamps/{}.note", latest)
                    self._timestamp(path, path[:-4] + "tsr")

    def _older(self, path: str, form: str, latest: Checkpoint) -> None:
        read = Checkpoint.parse(self.bundle.read(path))
        _same("size", path, form.format(read.size))
        if self.key is not None:
            read.require(self.key)
        for witness in self.witnesses:
            read.signed_by(witness)
        _begins(latest, read, self.proofs.get(read.size))

    def _timestamp(self, note: str, token: str) -> None:
        """See that a token of RFC 3161 is over this note; whose it is, other tools tell."""
        digests = [hashlib.new(name, self.bundle.read(note)) for name in ("sha256", "sha512")]
        content = self.bundle.read(token)
        held = any(digest.digest() in content for digest in digests)
        _holds("timestamp", digests[0].hexdigest(), "another digest", holds=held)
        self._count("timestamps (whose they are, is not verified here)")

    def _count(self, what: str) -> None:
        self.report.facts[what] = self.report.facts.get(what, 0) + 1

    def _yours(self, latest: Checkpoint) -> None:
        """See that the log begins with what you have kept of it yourself, or that with it."""
        for path, note in self.given.checkpoints:
            with self.report.reading(Where(path)):
                yours = Checkpoint.parse(note)
                if self.key is not None:
                    yours.require(self.key)
                proofs = {**self.proofs, **self.given.proofs}
                if yours.size > latest.size:
                    _begins(yours, latest, proofs.get(latest.size))
                else:
                    _begins(latest, yours, proofs.get(yours.size))


def _begins(newer: Checkpoint, older: Checkpoint, proof: list[bytes] | None) -> None:
    """Raise Broken unless a tree begins with an older one."""
    if proof is None:
        if newer.size != older.size:
            raise Broken("proof", f"one that {newer.size} begins with {older.size}", "none")
        proof = []
    if newer.size == older.size and newer.root != older.root:
        raise Broken("root", newer.root.hex(), older.root.hex())
    if not extends(older.size, older.root, newer.size, newer.root, proof):
        raise Broken("consistency", f"the tree of {newer.size} to begin with it", "it does not")


SPAN: Fields = {
    "stream": (str, None),
    "first": (int, None),
    "last": (int, None),
    "hash": (str, HASH),
}


EVENT: Fields = {
    "position": (int, None),
    "stream": (str, re.compile(r"[^/\n]+/[^\n]+")),
    "version": (int, None),
    "event_id": (str, UUID),
    "recorded_at": (str, INSTANT),
    "occurred_at": (str, INSTANT),
    "type": (str, re.compile(r"[^\n]+")),
    "schema_version": (int, None),
    "data": (str, None),
    "meta": (str, None),
    "data_sha256": (str, HASH),
    "meta_sha256": (str, HASH),
    "before": (str, HASH),
    "hash": (str, HASH),
}


class Events:
    """The events: each is what was hashed, in its place in its stream, and in the tree."""

    def __init__(self, verification: Verification) -> None:
        self.bundle, self.report = verification.bundle, verification.report
        self.manifest = verification.manifest
        self.heads: dict[str, tuple[int, str]] = {}
        self.seen: dict[str, dict[int, str]] = {}
        self.count = self.position = 0
        self.recorded_at = ""
        self.exported: dict[str, Any] | None = None
        self.proofs = self._proven()
        self.proof = next(self.proofs, None)
        self.sealed: dict[str, int] = {}
        self.erased: set[str] = set()

    def run(self, checkpoint: Checkpoint) -> None:
        for number, line in self._lines("events.jsonl"):
            where = Where("events.jsonl", number)
            with self.report.reading(where):
                self._take(where, line, checkpoint)
        while self.proof is not None:
            self._left_over(*self.proof[:2])
            self.proof = next(self.proofs, None)
        self._as_exported()
        streams = sorted(self.seen)
        self.report.facts.update(
            {
                "case": self.manifest["case"],
                "events": self.count,
                "streams": streams,
                "sealed texts": sum(self.sealed.values()),
            }
        )
        gone = sum(self.sealed.get(key, 0) for key in self.erased)
        self.report.facts["of these erased, and never to be read again"] = gone
        if self.count != self.manifest["events"]:
            meant = self.manifest["events"]
            self.report.diverges(Where("events.jsonl"), "events", meant, self.count)

    def _lines(self, path: str) -> Iterator[tuple[int, bytes]]:
        with self.report.reading(Where(path)):
            yield from enumerate(self.bundle.lines(path), start=1)

    def _take(self, where: Where, line: bytes, checkpoint: Checkpoint) -> None:
        event = strict(line.decode())
        _shape("event", event, EVENT)
        where = where._replace(**{name: event[name] for name in ("position", "stream", "version")})
        with self.report.reading(where):
            for name in ("position", "version", "schema_version"):
                most = INTEGER_MAX if name != "schema_version" else 2**15 - 1
                _holds(name, f"1 to {most}", event[name], holds=1 <= event[name] <= most)
            for verify in (self._place, self._content):
                with self.report.reading(where):
                    verify(where, event)
            self._tree(event, checkpoint)
        self._keep(where, event)

    def _content(self, where: Where, event: dict[str, Any]) -> None:
        """See that what is in an event is what was hashed."""
        for name in ("data", "meta"):
            digest = _sha256(event[name].encode()).hex()
            with self.report.reading(where):
                _same(name, event[f"{name}_sha256"], digest)
        sealed = _sha256(preimage(event)).hex()
        _same("hash", sealed, event["hash"])

    def _place(self, where: Where, event: dict[str, Any]) -> None:
        """See that it comes after the one before it: in the log, in time, in its stream."""
        after = event["position"] > self.position
        _holds("position", f"after {self.position}", event["position"], holds=after)
        later = event["recorded_at"] >= self.recorded_at
        _holds("recorded_at", f"from {self.recorded_at}", event["recorded_at"], holds=later)
        version, before = self.heads.get(event["stream"], (0, ""))
        if event["version"] == 1:
            before = genesis(event["stream"]).hex()
        elif event["version"] != version + 1:
            grows = event["version"] > version
            _holds("version", f"more than {version}", event["version"], holds=grows)
            return
        with self.report.reading(where):
            _same("before", before, event["before"])

    def _tree(self, event: dict[str, Any], checkpoint: Checkpoint) -> None:
        """See that its hash is the leaf at its position in the tree that was signed."""
        path, size = self._proof_of(event["position"]), checkpoint.size
        if path is None:
            raise Broken("proof", "one", "none")
        index = event["position"] - 1
        _holds("position", f"at most {size}", event["position"], holds=index < size)
        held = includes(leaf(bytes.fromhex(event["hash"])), index, size, path, checkpoint.root)
        _holds("inclusion", f"the leaf {index} of the tree of {size}", event["hash"], holds=held)

    def _proof_of(self, position: int) -> list[bytes] | None:
        """Return the proof of an event; what is proven before it has no event."""
        while self.proof is not None and self.proof[1] <= position:
            number, at, path = self.proof
            self.proof = next(self.proofs, None)
            if at == position:
                return path
            self._left_over(number, at)
        return None

    def _left_over(self, number: int, position: int) -> None:
        where = Where("proofs.jsonl", number, position)
        self.report.diverges(where, "position", "the event", "only its proof")

    def _proven(self) -> Iterator[tuple[int, int, list[bytes]]]:
        """Yield the proofs, each with its line and its event's position."""
        for number, line in self._lines("proofs.jsonl"):
            with self.report.reading(Where("proofs.jsonl", number)):
                said = strict(line.decode())
                _shape("proof", said, {"position": (int, None), "proof": (list, None)})
                yield number, said["position"], _hashes("proof", said["proof"])

    def _keep(self, where: Where, event: dict[str, Any]) -> None:
        self.count += 1
        self.position = max(self.position, event["position"])
        self.recorded_at = max(self.recorded_at, event["recorded_at"])
        self.heads[event["stream"]] = (event["version"], event["hash"])
        self.seen.setdefault(event["stream"], {})[event["version"]] = event["hash"]
        for key in SEALED.findall(event["data"]):
            self.sealed[key] = self.sealed.get(key, 0) + 1
        if event["type"] == "PersonalDataErased":
            with self.report.reading(where):
                said = strict(event["data"])
                keys = said.get("keys") if isinstance(said, dict) else None
                self.erased.update(map(str, keys if isinstance(keys, list) else ()))
        if event["stream"] == f"export/{self.manifest['export']}":
            with self.report.reading(where):
                self.exported = strict(event["data"])

    def _as_exported(self) -> None:
        """See that the events are those that were exported: none more, none less."""
        mine = f"export/{self.manifest['export']}"
        where = Where("events.jsonl", stream=mine)
        if self.exported is None:
            self.report.diverges(where, "export", f"the event of {mine}", "none")
            return
        with self.report.reading(where):
            _shape("export", self.exported, {"incident": (str, UUID), "spans": (list, None)})
            _same("case", self.exported["incident"], self.manifest["case"])
            left = {name: dict(versions) for name, versions in self.seen.items()}
            _same("export", 1, len(left.pop(mine)))
            for span in self.exported["spans"]:
                self._span(span, left)
            for stream, versions in left.items():
                for version in versions:
                    at = Where("events.jsonl", stream=stream, version=version)
                    self.report.diverges(at, "export", "only what was exported", "one more")

    def _span(self, span: dict[str, Any], left: dict[str, dict[int, str]]) -> None:
        """See that all versions of a span are there, up to the hash that was exported."""
        _shape("export", span, SPAN)
        stream, head = span["stream"], ""
        for version in range(span["first"], span["last"] + 1):
            head = left.get(stream, {}).pop(version, "")
            if not head:
                at = Where("events.jsonl", stream=stream, version=version)
                self.report.diverges(at, "version", "to be there", "it is missing")
                if len(self.report.divergences) > SHOWN_MAX:
                    return
        if head and head != span["hash"]:
            at = Where("events.jsonl", stream=stream, version=span["last"])
            self.report.diverges(at, "hash", span["hash"], head)


# -- forms ---------------------------------------------------------------------------------------


def strict(text: str) -> Any:
    """Read JSON that means one thing only: no key twice, whole numbers, whole characters."""
    try:
        read = json.loads(
            text, object_pairs_hook=_once, parse_int=_whole, parse_float=_no, parse_constant=_no
        )
        json.dumps(read, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Broken("json", "whole characters", "half of a pair") from None
    except RecursionError:
        raise Broken("json", "a few levels", "too many") from None
    except Broken:
        raise
    except ValueError as error:
        raise Broken("json", "JSON", error) from None
    return read


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise Broken("json", "each key once", [name for name, _ in pairs])
    return read


def _whole(digits: str) -> int:
    if len(digits) > 20 or digits == "-0" or abs(int(digits)) > INTEGER_MAX:
        raise Broken("json", "a number of 63 bits", digits)
    return int(digits)


def _no(text: str) -> None:
    raise Broken("json", "whole numbers only", text)


def _shape(what: str, said: Any, fields: Fields) -> None:
    if not isinstance(said, dict) or set(said) != set(fields):
        raise Broken(what, sorted(fields), sorted(said) if isinstance(said, dict) else said)
    for name, (kind, pattern) in fields.items():
        if type(said[name]) is not kind:
            raise Broken(name, f"a value of {kind.__name__}", said[name])
        if pattern is not None and not pattern.fullmatch(said[name]):
            raise Broken(name, f"the form {pattern.pattern}", said[name])


def _same(field: str, expected: object, found: object) -> None:
    _holds(field, expected, found, holds=expected == found)


def _holds(field: str, expected: object, found: object, *, holds: bool) -> None:
    if not holds:
        raise Broken(field, expected, found)


def _hashes(field: str, said: Any) -> list[bytes]:
    if not all(isinstance(one, str) and HASH.fullmatch(one) for one in said):
        raise Broken(field, "hashes in hexadecimal", said)
    return [bytes.fromhex(one) for one in said]


def _consistency(said: Any) -> dict[int, list[bytes]]:
    """Read proofs that a tree begins with older ones, by the size of the older one."""
    _shape("consistency", said, {"size": (int, None), "proofs": (list, None)})
    for one in said["proofs"]:
        _shape("consistency", one, {"from": (int, None), "proof": (list, None)})
    return {one["from"]: _hashes("proof", one["proof"]) for one in said["proofs"]}


def _manifest(bundle: Bundle) -> dict[str, Any]:
    fields: Fields = {
        "format": (str, None),
        "case": (str, UUID),
        "export": (str, UUID),
        "log": (str, None),
        "checkpoint": (int, None),
        "events": (int, None),
        "files": (list, None),
    }
    try:
        said: dict[str, Any] = strict(bundle.read("manifest.json").decode())
        if isinstance(said, dict) and said.get("format") != FORMAT:
            raise NotABundle(f"its format is {said.get('format')!r}; this reads {FORMAT!r}")
        _shape("manifest", said, fields)
        for one in said["files"]:
            _shape("files", one, {"path": (str, PATH), "bytes": (int, None), "sha256": (str, HASH)})
    except Broken as broken:
        told = f"manifest.json: {broken.field}: expected {broken.expected}, found {broken.found}"
        raise NotABundle(told) from None
    except UnicodeDecodeError:
        raise NotABundle("manifest.json is not UTF-8") from None
    return said


def _guarded(read: Callable[[], bytes]) -> bytes:
    try:
        return read()
    except (OSError, EOFError, zipfile.BadZipFile, binascii.Error) as error:
        raise Broken("file", "to be readable", error) from None
    except Exception as error:  # zlib.error, which has no common name with the others
        if type(error).__module__ != "zlib":
            raise
        raise Broken("file", "to be readable", error) from None


def _sized(text: str) -> bytes:
    return len(text.encode()).to_bytes(4, "big") + text.encode()


def _sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _unbase64(field: str, text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if not text or base64.b64encode(content).decode() != text:
        raise Broken(field, "base64", text)
    return content


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(one.isspace() for one in name)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 160 else f"{text[:150]}... ({len(text)} characters)"


# -- test vectors --------------------------------------------------------------------------------


def check_vectors(vectors: dict[str, Any]) -> list[str]:
    """Return what this program computes otherwise than it should."""
    return [
        f"{kind} {number}: expected {one['expected']}, found {found}"
        for kind, compute in COMPUTED.items()
        for number, one in enumerate(vectors[kind])
        for found in [compute(one)]
        if found != one["expected"]
    ]


def _included(one: dict[str, Any]) -> bool:
    start, root, proof = bytes.fromhex(one["leaf"]), bytes.fromhex(one["root"]), one["proof"]
    return includes(start, one["index"], one["size"], _hashes("proof", proof), root)


def _consistent(one: dict[str, Any]) -> bool:
    older, newer = bytes.fromhex(one["first_root"]), bytes.fromhex(one["second_root"])
    return extends(one["first"], older, one["second"], newer, _hashes("proof", one["proof"]))


def _signs(one: dict[str, Any]) -> bool:
    content = (bytes.fromhex(one[name]) for name in ("public", "message", "signature"))
    return ed25519(*content)


def _noted(one: dict[str, Any]) -> bool:
    try:
        return Checkpoint.parse(one["note"].encode()).signed_by(Key.parse(one["key"]))
    except Broken:
        return False


def _taken(one: dict[str, Any]) -> bool:
    try:
        strict(one["text"])
    except Broken:
        return False
    return True


COMPUTED: dict[str, Callable[[dict[str, Any]], object]] = {
    "genesis": lambda one: genesis(one["stream"]).hex(),
    "preimage": lambda one: preimage(one["event"]).hex(),
    "event": lambda one: _sha256(preimage(one["event"])).hex(),
    "leaf": lambda one: leaf(bytes.fromhex(one["entry"])).hex(),
    "inclusion": _included,
    "consistency": _consistent,
    "ed25519": _signs,
    "note": _noted,
    "json": _taken,
}


# -- the command line ----------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> int:
    """Verify, say what was found, and return how to end."""
    asked = _asked(arguments)
    try:
        if asked.vectors:
            wrong = check_vectors(json.loads(_file(asked.vectors)))
            _say("\n".join(wrong) or "every test vector is met")
            return DIVERGES if wrong else SOUND
        report = Verification(Bundle(asked.bundle), _given(asked)).run()
    except NotABundle as error:
        if asked.json:
            _say(json.dumps({"sound": False, "bundle": False, "reason": str(error)}))
        else:
            _say(f"NOT A BUNDLE: {error}")
        return NOT_A_BUNDLE
    sound = not report.divergences
    if asked.json:
        found = {"sound": sound, "bundle": True, "divergences": report.divergences}
        _say(json.dumps({**found, "facts": report.facts}, indent=1))
    else:
        _tell(report, asked)
    return SOUND if sound else DIVERGES


def _tell(report: Report, asked: argparse.Namespace) -> None:
    for name, fact in report.facts.items():
        _say(f"{name}: {', '.join(fact) if isinstance(fact, list) else fact}")
    for one in report.divergences[:SHOWN_MAX]:
        found = f"expected {one['expected']}, found {one['found']}"
        _say(f"DIVERGES at {one['where']}, field {one['field']}: {found}")
    more = len(report.divergences) - SHOWN_MAX
    if more > 0:
        _say(f"... and {more} more")
    if not asked.key:
        _say("the key is the one in the bundle: compare it with what the log's keeper gave you,")
        _say("then pass that with --key. Whoever made a bundle can have made a key, too.")
    _say("NOT SOUND" if report.divergences else "SOUND")


def _asked(arguments: list[str] | None) -> argparse.Namespace:
    about, _, notes = (__doc__ or "").partition("\n\n")
    shown = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=about, epilog=notes, formatter_class=shown)
    here = str(Path(__file__).resolve().parent)
    parser.add_argument("bundle", nargs="?", default=here, help="a folder or a .zip")
    parser.add_argument("--key", help="the log's key, or a file that holds it")
    parser.add_argument("--witness", action="append", default=[], help="a witness's key, likewise")
    parser.add_argument("--checkpoint", action="append", default=[], help="one that you have kept")
    parser.add_argument("--proof", action="append", default=[], help="more proofs of consistency")
    parser.add_argument("--vectors", help="a file of test vectors")
    parser.add_argument("--json", action="store_true", help="for programs")
    return parser.parse_args(arguments)


def _given(asked: argparse.Namespace) -> Given:
    """Read what the arguments name. Raises NotABundle."""
    try:
        proofs = [_consistency(strict(_file(path).decode())) for path in asked.proof]
        return Given(
            asked.key and Key.parse(_text(asked.key)).text,
            tuple(Key.parse(_text(one)).text for one in asked.witness),
            tuple((path, _file(path)) for path in asked.checkpoint),
            {size: proof for one in proofs for size, proof in one.items()},
        )
    except (Broken, UnicodeDecodeError) as error:
        raise NotABundle(f"an argument can't be read: {error}") from None


def _text(key: str) -> str:
    return key if "+" in key and not Path(key).exists() else _file(key).decode()


def _file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise NotABundle(f"{path}: {error.strerror}") from None


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
