"""A small log and a bundle of it, made without a database: the base of vectors and mutations."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

from eventstore.bundle.writer import FORMAT, FORMAT_1, event_line
from eventstore.heads.hashes import Leaf, Space, key_of
from eventstore.heads.subtrees import prove, summary
from eventstore.integrity.hash_chain import event_hash, genesis
from eventstore.log.events import StoredEvent
from eventstore.tlog import merkle
from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.note import Signer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bundle.verifiers import Files

LOG = Signer("vectors.example/log", bytes(range(32)))
WITNESS = Signer("witness.example", bytes(range(32, 64)))
CASE = "0b5c1f9e-6d0f-4c63-9a55-6d2d4c3f7a10"
EXPORT = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
MINE, OWN = f"incident/{CASE}", f"export/{EXPORT}"
HEAD = "head.json"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
COSIGNED_AT = 1_777_617_000


@dataclass(frozen=True)
class Draft:
    """An event before it is hashed."""

    stream: str
    type: str
    data: str = "{}"
    meta: str = '{"actor":"lin"}'
    occurred_at: datetime = NOON
    schema_version: int = 1


Row = tuple[StoredEvent, bytes]
"""An event, and the hash of the one before it in its stream."""

Heads = dict[str, tuple[int, bytes]]
"""The newest version of each stream, and its hash."""

ASKED = json.dumps(
    {
        "actor": "zhao",
        "reason": "court",
        "command_id": EXPORT,
        "command": {"kind": "ExportCase", "incident": CASE},
    }
)
REFERENCE = Draft(MINE, "ExportRecorded", json.dumps({"export": EXPORT}), ASKED)


@dataclass
class Forgery:
    """A log of which a case is exported; each field is what a forger could put otherwise."""

    drafts: Sequence[Draft]
    spans: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = lambda spans: spans
    signer: Signer = LOG
    earlier: int = 0
    """Events under an earlier checkpoint that goes with the case; none if 0."""
    changes: dict[str, bytes] = field(default_factory=dict)
    """Files that are otherwise, and in the manifest as they are."""
    closing: Sequence[Draft] = (REFERENCE,)
    """What the log takes just before the export."""
    export: Callable[[Draft], Draft] = lambda export: export
    shown: Callable[[list[Row]], list[Row]] = lambda rows: rows
    """Which events are in the bundle; all are in the log."""
    format: str = FORMAT
    mapped: Callable[[list[Row]], list[Row]] = lambda rows: rows
    """Of which events the map of the newest versions is made that the checkpoint signs."""
    head: Callable[[Heads, int], Any] = lambda heads, size: head_of(MINE, heads, size)
    """What the bundle says of the case's newest version; no file if None."""
    signs_map: bool = True

    def files(self) -> Files:
        """Return the bundle, each event between two of other cases."""
        before = [*self.drafts, *self.closing]
        rows = _rows(before)
        exported: dict[str, Any] = {"incident": CASE, "spans": self.spans(_spans(rows))}
        if self.format != FORMAT_1:
            exported["as_of"] = rows[-1][0].position
        version = 1 if self.format == FORMAT_1 else 2
        export = Draft(OWN, "CaseExported", json.dumps(exported), ASKED, schema_version=version)
        rows = _rows([*before, self.export(export)])
        leaves = [
            merkle.leaf_hash(sha256(bytes([number % 256])).digest())
            for number in range(2 * len(rows) + 1)
        ]
        for row, _ in rows:
            leaves[row.position - 1] = merkle.leaf_hash(row.hash)
        heads = _map(self.mapped(rows))
        head = self.head(heads, len(leaves))
        rows = self.shown(rows)
        proofs = "".join(_proof(leaves, row.position) for row, _ in rows)
        sizes = [self.earlier] if self.earlier else []
        files = {
            "events.jsonl": b"".join(event_line(row, before) for row, before in rows),
            "proofs.jsonl": proofs.encode(),
            "checkpoint": self.checkpoint(leaves, summary(_leaves(heads)).hash),
            "consistency.json": _json(
                {"size": len(leaves), "proofs": [_consistent(leaves, one) for one in sizes]}
            ),
            "keys/log.vkey": f"{self.signer.verifier.vkey}\n".encode(),
            "keys/witnesses.vkeys": f"{WITNESS.cosigner.vkey}\n".encode(),
            **{f"checkpoints/{one}": self.checkpoint(leaves[:one]) for one in sizes},
            **({} if head is None else {HEAD: _json(head)}),
            **self.changes,
        }
        return {
            **files,
            "manifest.json": _manifest(
                files, self.signer.name, len(leaves), len(rows), self.format
            ),
        }

    def checkpoint(self, leaves: Sequence[bytes], heads: bytes | None = None) -> bytes:
        """Return a checkpoint over leaves, and over a map if there is one, signed and cosigned."""
        root, signed_map = merkle.root_of(leaves), heads if self.signs_map else None
        said = Checkpoint(self.signer.name, len(leaves), root, signed_map)
        note = said.signed(self.signer)
        return note.with_signatures([WITNESS.cosign(note.text, COSIGNED_AT)]).whole.encode()


SMALL = Forgery(
    [
        Draft("plan/p", "PlanPublished"),
        Draft(MINE, "IncidentOpened", '{"venue":"商场"}'),
        Draft(MINE, "PersonRecorded", '{"name":"sealed:v1:k1:aGVsbG8="}'),
        Draft(MINE, "PersonalDataErased", '{"keys":["k1"]}'),
    ],
    earlier=5,
)
"""A case of four events, with an earlier checkpoint."""


SIGNED_BEFORE = Checkpoint(LOG.name, 5, sha256(b"before").digest())
ALTERED = replace(
    SMALL,
    drafts=[
        *SMALL.drafts,
        Draft(
            "log/d1",
            "DivergenceAcknowledged",
            json.dumps(
                {
                    "divergence": "d1",
                    "what": {
                        "doubt": "leaf",
                        "position": 4,
                        "stream": MINE,
                        "version": 1,
                        "expected": "a",
                        "found": "b",
                        "lineage": 1,
                        "signed_size": SIGNED_BEFORE.size,
                        "signed_root": SIGNED_BEFORE.root.hex(),
                        "size": 5,
                        "root": "c",
                    },
                }
            ),
            '{"actor":"wu","reason":"disk"}',
        ),
    ],
    signer=LOG.named(f"{LOG.name}/2"),
    changes={"lineages/1": SIGNED_BEFORE.signed(LOG).whole.encode()},
)
"""The same in the second lineage of its log, which was altered at position 4."""


def head_of(stream: str, heads: Heads, size: int) -> dict[str, Any]:
    """Say which version of a stream is the newest, with the way to the root of the map."""
    version, newest = heads.get(stream, (0, bytes(32)))
    path = prove(_leaves(heads), key_of(Space.STREAM, stream)).path
    stated = {"size": size, "stream": stream, "version": version, "hash": newest.hex()}
    return {**stated, "path": [one.hex() for one in path]}


def small(**changes: Any) -> Forgery:
    """Return the small log with changes."""
    return replace(SMALL, **changes)


def _map(rows: Sequence[Row]) -> Heads:
    """Return what is newest, as of these events and those of the other cases."""
    others = {f"incident/other-{number}": (1, bytes([number]) * 32) for number in range(20)}
    return {**others, **{row.stream: (row.version, row.hash) for row, _ in rows}}


def _leaves(heads: Heads) -> list[Leaf]:
    return sorted(Leaf(key_of(Space.STREAM, name), *head) for name, head in heads.items())


def _rows(drafts: Sequence[Draft]) -> list[tuple[StoredEvent, bytes]]:
    """Return events as they are stored, each with the hash of the one before it."""
    heads: dict[str, tuple[int, bytes]] = {}
    rows = []
    for number, one in enumerate(drafts, start=1):
        version, before = heads.get(one.stream, (0, genesis(one.stream)))
        event_id = UUID(int=0x0123456789ABCDEF0123456789ABCDEF + number)
        recorded_at = NOON + timedelta(seconds=number)
        kind = (one.type, one.schema_version)
        place = (one.stream, version + 1, event_id, *kind, one.data, one.meta, b"")
        position = 2 * number - (one.stream == OWN)  # nothing is between the export and the last
        row = StoredEvent(position, recorded_at, one.occurred_at, *place)
        row = row._replace(hash=event_hash(before, row))
        heads[one.stream] = (version + 1, row.hash)
        rows.append((row, before))
    return rows


def _spans(rows: Sequence[tuple[StoredEvent, bytes]]) -> list[dict[str, Any]]:
    lasts = {row.stream: row for row, _ in sorted(rows, key=lambda row: row[0].stream != MINE)}
    return [
        {"stream": one.stream, "first": 1, "last": one.version, "hash": one.hash.hex()}
        for one in lasts.values()
    ]


def _proof(leaves: Sequence[bytes], position: int) -> str:
    spans = merkle.inclusion_spans(position - 1, len(leaves))
    proof = [merkle.root_of(leaves[span.begin : span.end]).hex() for span in spans]
    return json.dumps({"position": position, "proof": proof}, separators=(",", ":")) + "\n"


def _consistent(leaves: Sequence[bytes], size: int) -> dict[str, Any]:
    spans = merkle.consistency_spans(size, len(leaves))
    return {
        "from": size,
        "proof": [merkle.root_of(leaves[one.begin : one.end]).hex() for one in spans],
    }


def _manifest(files: Files, log: str, size: int, events: int, form: str) -> bytes:
    listed = [
        {"path": path, "bytes": len(files[path]), "sha256": sha256(files[path]).hexdigest()}
        for path in sorted(files)
    ]
    said = {"format": form, "case": CASE, "export": EXPORT, "log": log, "checkpoint": size}
    return _json({**said, "events": events, "files": listed})


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"
