"""Bundles that somebody forged, and where each is found out."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

from eventstore.heads.hashes import Leaf, Space, key_of
from eventstore.tlog import merkle
from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.note import Note, Signer
from tests.bundle.conftest import LOG
from tests.bundle.mutations import (
    EVENTS,
    PROOFS,
    chained_anew,
    changed,
    lines,
    remade,
    with_events,
    with_lines,
)

if TYPE_CHECKING:
    from tests.bundle.verifiers import Files


FOREIGN = Signer(LOG.name, bytes(range(7, 39)))


def signed_by_another(files: Files) -> Files:
    """Forge a whole bundle: a log of just these events, rewritten, under a key of one's own."""
    events = lines(files)
    for position, event in enumerate(events, start=1):
        event["position"] = position
    events[3]["data"] = events[3]["data"].replace("{", "{ ", 1)
    chained_anew(events)
    exported = json.loads(events[-1]["data"])
    for span in exported["spans"]:
        ends = [one for one in events if one["stream"] == span["stream"]]
        span["hash"] = next(one["hash"] for one in ends if one["version"] == span["last"])
    changed(events[-1], data=json.dumps({**exported, "as_of": events[-2]["position"]}))
    leaves = [merkle.leaf_hash(bytes.fromhex(one["hash"])) for one in events]
    proofs = []
    for index in range(len(leaves)):
        spans = merkle.inclusion_spans(index, len(leaves))
        path = [merkle.root_of(leaves[span.begin : span.end]).hex() for span in spans]
        proofs.append({"position": index + 1, "proof": path})
    stream, last, newest = case_of(events, files)
    alone = Leaf(key_of(Space.STREAM, stream), last, bytes.fromhex(newest)).digest
    named = {"size": len(leaves), "stream": stream}
    head = {**named, "version": last, "hash": newest, "path": []}
    checkpoint = Checkpoint(FOREIGN.name, len(leaves), merkle.root_of(leaves), alone)
    kept = {
        path: content
        for path, content in files.items()
        if not path.startswith(("checkpoints/", "timestamps/")) and "witness" not in path
    }
    forged = {
        **kept,
        "checkpoint": checkpoint.signed(FOREIGN).whole.encode(),
        "keys/log.vkey": FOREIGN.verifier.vkey.encode() + b"\n",
        "consistency.json": json.dumps({"size": len(leaves), "proofs": []}).encode(),
        "head.json": json.dumps(head).encode(),
    }
    forged = with_lines(with_lines(forged, EVENTS, events), PROOFS, proofs)
    return remade(forged, events=len(events), checkpoint=len(leaves))


def case_of(events: list[dict[str, Any]], files: Files) -> tuple[str, int, str]:
    """Return the stream of the case, its last version, and the hash of that."""
    stream = f"incident/{json.loads(files['manifest.json'])['case']}"
    last = [one for one in events if one["stream"] == stream][-1]
    return stream, last["version"], last["hash"]


def forged_size(files: Files) -> Files:
    """Say that the log was longer."""
    note = Note.parse(files["checkpoint"].decode())
    said = Checkpoint.parse(note.text)
    larger = Checkpoint(said.origin, said.size + 1, said.root)
    forged = Note(larger.text, note.signatures).whole.encode()
    return remade({**files, "checkpoint": forged}, checkpoint=said.size + 1)


def forged_root(files: Files) -> Files:
    """Put another root under the same signature."""
    lines = files["checkpoint"].decode().split("\n")
    lines[2] = b64encode(bytes(reversed(b64decode(lines[2])))).decode()
    return remade({**files, "checkpoint": "\n".join(lines).encode()})


def signed_by_a_foreign_key(files: Files) -> Files:
    """Sign the same checkpoint with another key of the same name."""
    note = Note.parse(files["checkpoint"].decode())
    forged = Note(note.text, (FOREIGN.sign(note.text),)).whole.encode()
    return remade({**files, "checkpoint": forged})


def foreign_key(files: Files) -> Files:
    """Put another key in the place of the log's."""
    return remade({**files, "keys/log.vkey": FOREIGN.verifier.vkey.encode() + b"\n"})


def stale_root(files: Files) -> Files:
    """Put an earlier checkpoint, truly signed, in the place of the newest."""
    older = min(
        (path for path in files if path.startswith("checkpoints/")),
        key=lambda path: int(path.rpartition("/")[2]),
    )
    size = int(older.rpartition("/")[2])
    return remade({**files, "checkpoint": files[older]}, checkpoint=size)


def earlier_root_forged(files: Files) -> Files:
    """Put an earlier checkpoint there that the log's key signed, but of another log."""
    path = min(path for path in files if path.startswith("checkpoints/"))
    size = int(path.rpartition("/")[2])
    other = Checkpoint(LOG.name, size, bytes(32)).signed(LOG).whole
    return remade({**files, path: other.encode()})


def without_the_export(files: Files) -> Files:
    """Take the export's own event out."""
    return with_events(files, lambda events: events.pop())


def of_another_case(files: Files) -> Files:
    """Call it another case."""
    return remade(files, case="00000000-0000-0000-0000-000000000000")


def one_cut_off_within_a_line(files: Files) -> Files:
    """Cut the file of events off in the middle of a line."""
    return remade({**files, EVENTS: files[EVENTS][:-40]})


def a_key_twice(files: Files) -> Files:
    """Say a position twice in one line."""
    return remade(
        {**files, EVENTS: files[EVENTS].replace(b'{"position":', b'{"position":1,"position":', 1)}
    )


def a_number_with_a_fraction(files: Files) -> Files:
    """Write a version as a float."""
    return remade({**files, EVENTS: files[EVENTS].replace(b'"version":1,', b'"version":1.0,', 1)})


def not_a_number(files: Files) -> Files:
    """Write NaN for a version."""
    return remade({**files, EVENTS: files[EVENTS].replace(b'"version":1,', b'"version":NaN,', 1)})


def beyond_every_number(files: Files) -> Files:
    """Write a position that no float holds."""
    return remade(
        {**files, EVENTS: files[EVENTS].replace(b'{"position":', b'{"position":1e400,"p":', 1)}
    )


def half_a_character(files: Files) -> Files:
    """Write half of a surrogate pair into a text."""
    return remade({**files, EVENTS: files[EVENTS].replace(b'"type":"', b'"type":"\\ud83d', 1)})


FORGED = {
    "checkpoint": (forged_size, forged_root, signed_by_a_foreign_key, foreign_key),
    EVENTS: (
        stale_root,
        without_the_export,
        of_another_case,
        one_cut_off_within_a_line,
        a_key_twice,
        a_number_with_a_fraction,
        not_a_number,
        beyond_every_number,
        half_a_character,
    ),
    "checkpoints/": (earlier_root_forged,),
}
