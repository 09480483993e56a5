"""Writes a bundle, file by file, as parts that can be sent on: FORMAT.md says what is in them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from domain.record.export import EXPORTS
from eventstore.bundle import earlier_checkpoints, lineages
from eventstore.integrity.hash_chain import FIRST, LAST, genesis
from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.note import Note

if TYPE_CHECKING:
    import hashlib
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence
    from datetime import datetime

    from domain.record.export import Span
    from eventstore.heads.prover import Proven
    from eventstore.log.events import StoredEvent
    from eventstore.log.log import Log
    from eventstore.proofs.proofs import Proofs
    from eventstore.proofs.stored_checkpoint import StoredCheckpoint

FORMAT, FORMAT_1 = "muster-case-bundle/2", "muster-case-bundle/1"
MANIFEST = "manifest.json"
PAGE_EVENTS = 500
PART_BYTES = 256 * 1024
"""Bytes of one part at most."""

ENCLOSED = ("FORMAT.md", "vectors.json", "verify.py")
"""What goes with every bundle, so that it can be verified without us."""


class Part(NamedTuple):
    """Some more of a file; a file's parts come in order, those of several files in turn."""

    path: str
    content: bytes


class Export(NamedTuple):
    """What is to be written: which events, and under which checkpoint they are proven."""

    id: str
    incident: str
    spans: Sequence[Span]
    latest: StoredCheckpoint
    log_key: str
    """Who signed the checkpoints, as a verifier key."""
    witnesses: Sequence[str] = ()
    schema_version: int = 2
    """Of the export's event: before 2, nobody but the caller answers for what is in it."""
    known_sizes: Sequence[int] = ()
    """Sizes of the log of which somebody kept checkpoints: that it begins with these is proven."""

    head: Proven | None = None
    """Which version of the case the checkpoint's map has as its newest; None if it signs none."""
    acknowledged_since: Sequence[tuple[str, int, int]] = ()
    """Streams of divergences that were acknowledged after the export."""

    @property
    def events(self) -> int:
        """Return how many events there are, the export itself among them."""
        return sum(last - first + 1 for _, first, last in self.all_spans)

    @property
    def all_spans(self) -> Sequence[tuple[str, int, int]]:
        """Return stream, first and last version of each span, the export's own last."""
        spans = [(span.stream, span.first, span.last) for span in self.spans]
        return [*spans, (EXPORTS.stream(self.id), 1, 1), *self.acknowledged_since]

    @property
    def is_first_format(self) -> bool:
        """Tell whether it was recorded before the log itself found what belongs to a case."""
        return self.schema_version == 1


@dataclass
class _Files:
    """What the manifest will say of each file."""

    sizes: dict[str, int] = field(default_factory=dict)
    digests: dict[str, hashlib._Hash] = field(default_factory=dict)

    def parts(self, path: str, content: bytes) -> list[Part]:
        """Return some more of a file."""
        self.sizes[path] = self.sizes.get(path, 0) + len(content)
        self.digests.setdefault(path, sha256()).update(content)
        starts = range(0, max(len(content), 1), PART_BYTES)
        return [Part(path, content[at : at + PART_BYTES]) for at in starts]

    def listed(self) -> list[dict[str, object]]:
        """Return the manifest's list of files."""
        return [
            {"path": path, "bytes": self.sizes[path], "sha256": self.digests[path].hexdigest()}
            for path in sorted(self.sizes)
        ]


async def write(log: Log, proofs: Proofs, export: Export) -> AsyncGenerator[Part, None]:
    """Yield all files of a bundle. The manifest comes last: without it there is no bundle."""
    files = _Files()
    for path in ENCLOSED:
        content = resources.files("eventstore.bundle").joinpath(path).read_bytes()
        for part in files.parts(path, content):
            yield part
    positions: list[int] = []
    async for page in _pages(log, export):
        positions += [event.position for event, _ in page]
        proven = await proofs.inclusions(positions[-len(page) :], export.latest.size)
        for part in (
            *files.parts("events.jsonl", b"".join(event_line(*one) for one in page)),
            *files.parts("proofs.jsonl", b"".join(_proof_line(*one) for one in proven.items())),
        ):
            yield part
    if not export.is_first_format:
        for one in await lineages.ended(log, export.latest):
            for part in files.parts(f"lineages/{one.lineage}", one.note.encode()):
                yield part
    async for path, content in _signed(proofs, export, positions):
        for part in files.parts(path, content):
            yield part
    manifest = {
        "format": FORMAT_1 if export.is_first_format else FORMAT,
        "case": export.incident,
        "export": export.id,
        "log": Checkpoint.parse(Note.parse(export.latest.note).text).origin,
        "checkpoint": export.latest.size,
        "events": len(positions),
        "files": files.listed(),
    }
    yield Part(MANIFEST, _json(manifest, indent=1))


def event_line(event: StoredEvent, before: bytes) -> bytes:
    """Return an event's line in `events.jsonl`."""
    return _json(
        {
            "position": event.position,
            "stream": event.stream,
            "version": event.version,
            "event_id": str(event.event_id),
            "recorded_at": _instant(event.recorded_at),
            "occurred_at": _instant(event.occurred_at),
            "type": event.type,
            "schema_version": event.schema_version,
            "data": event.data,
            "meta": event.meta,
            "data_sha256": sha256(event.data.encode()).hexdigest(),
            "meta_sha256": sha256(event.meta.encode()).hexdigest(),
            "before": before.hex(),
            "hash": event.hash.hex(),
        }
    )


async def _signed(
    proofs: Proofs, export: Export, positions: Sequence[int]
) -> AsyncIterator[tuple[str, bytes]]:
    """Yield what was signed, by whom, and that the newest log begins with all of it."""
    latest = export.latest
    yield "checkpoint", latest.note.encode()
    if export.head is not None:
        yield "head.json", _head(export, export.head)
    yield "keys/log.vkey", f"{export.log_key}\n".encode()
    if export.witnesses:
        yield "keys/witnesses.vkeys", "".join(f"{one}\n" for one in export.witnesses).encode()
    kept = await earlier_checkpoints.checkpoints(proofs, latest, positions)
    for one in kept.signed:
        yield f"checkpoints/{one.size}", one.note.encode()
    for one in kept.stamped:
        yield f"timestamps/{one.size}.note", (one.stamp_of or "").encode()
        yield f"timestamps/{one.size}.tsr", one.stamped or b""
    sizes = {one.size for one in (*kept.signed, *kept.stamped)} | {*export.known_sizes}
    consistent = [
        {"from": size, "proof": [one.hex() for one in await proofs.consistency(size, latest.size)]}
        for size in sorted(sizes)
    ]
    yield "consistency.json", _json({"size": latest.size, "proofs": consistent}, indent=1)


def _head(export: Export, proven: Proven) -> bytes:
    leaf = proven.leaf
    assert leaf is not None, "the case has events, as of the checkpoint"  # noqa: S101 - an invariant
    stated = {
        "size": export.latest.size,
        "stream": f"incident/{export.incident}",
        "version": leaf.number,
        "hash": leaf.hash.hex(),
        "path": [one.hex() for one in proven.proof.path],
    }
    return _json(stated, indent=1)


async def _pages(log: Log, export: Export) -> AsyncIterator[Sequence[tuple[StoredEvent, bytes]]]:
    """Yield the events in the order of the log, each with the hash of the one before it.

    The incident's own stream is read page by page; of the others there are few events.
    """
    main, *others = export.all_spans
    waiting = [pair for span in others async for page in _span(log, *span) for pair in page]
    waiting.sort(key=lambda pair: -pair[0].position)
    async for page in _span(log, *main):
        merged: list[tuple[StoredEvent, bytes]] = []
        for pair in page:
            while waiting and waiting[-1][0].position < pair[0].position:
                merged.append(waiting.pop())
            merged.append(pair)
        yield merged
    if waiting:
        yield waiting[::-1]


async def _span(
    log: Log, stream: str, first: int, last: int
) -> AsyncIterator[Sequence[tuple[StoredEvent, bytes]]]:
    before = genesis(stream)
    if first > 1:
        async for page in log.read_stream(stream, after=first - 2, up_to=first - 1):
            before = page[-1].hash
    async for page in log.read_stream(stream, after=first - 1, up_to=last, page=PAGE_EVENTS):
        befores = [before, *(event.hash for event in page)]
        yield list(zip(page, befores, strict=False))
        before = befores[-1]


def _proof_line(position: int, proof: Sequence[bytes]) -> bytes:
    return _json({"position": position, "proof": [one.hex() for one in proof]})


def _json(value: object, indent: int | None = None) -> bytes:
    separators = (",", ": ") if indent else (",", ":")
    text = json.dumps(value, ensure_ascii=False, separators=separators, indent=indent)
    return f"{text}\n".encode()


def _instant(moment: datetime) -> str:
    if not FIRST < moment < LAST:  # as the database has it, which the hash is over
        return "-infinity" if moment <= FIRST else "infinity"
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
