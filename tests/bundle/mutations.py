"""What somebody may do to a bundle, and to its manifest so that it does not show at once."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from eventstore.bundle import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bundle.verifiers import Files

EVENTS, PROOFS = "events.jsonl", "proofs.jsonl"
PROVES_NOTHING = frozenset({"FORMAT.md", "vectors.json", "verify.py", "manifest.json"})
"""The files that somebody who writes the manifest anew can change as they like."""


def remade(files: Files, **changes: Any) -> Files:
    """Return the bundle with a manifest that says what its files are now."""
    manifest = json.loads(files["manifest.json"])
    listed = sorted(path for path in files if path != "manifest.json")
    manifest["files"] = [
        {"path": path, "bytes": len(files[path]), "sha256": sha256(files[path]).hexdigest()}
        for path in listed
    ]
    manifest |= changes
    return {**files, "manifest.json": json.dumps(manifest, indent=1).encode()}


def flipped(files: Files, path: str, at: int, bit: int) -> Files:
    """Return the bundle with one bit flipped."""
    content = bytearray(files[path])
    content[at] ^= 1 << bit
    return {**files, path: bytes(content)}


def lines(files: Files, path: str = EVENTS) -> list[dict[str, Any]]:
    """Return what is in the lines of a file."""
    return [json.loads(line) for line in files[path].splitlines()]


def with_lines(files: Files, path: str, said: Sequence[dict[str, Any]]) -> Files:
    """Return the bundle with other lines in a file."""
    text = "".join(
        json.dumps(one, ensure_ascii=False, separators=(",", ":")) + "\n" for one in said
    )
    return {**files, path: text.encode()}


def with_events(files: Files, change: Callable[[list[dict[str, Any]]], object]) -> Files:
    """Return the bundle with other events, their proofs in the same order."""
    events = lines(files)
    change(events)
    proofs = {one["position"]: one for one in lines(files, PROOFS)}
    order = [proofs[event["position"]] for event in events if event["position"] in proofs]
    changed = with_lines(with_lines(files, EVENTS, events), PROOFS, order)
    return remade(changed, events=len(events))


def changed(event: dict[str, Any], **fields: Any) -> None:
    """Change an event, and all in its line that follows from it."""
    event |= fields
    for name in ("data", "meta"):
        event[f"{name}_sha256"] = sha256(event[name].encode()).hexdigest()
    event["hash"] = sha256(verify.preimage(event)).hexdigest()


def chained_anew(events: list[dict[str, Any]]) -> None:
    """Make every chain anew, as somebody would who rewrote history."""
    heads: dict[tuple[str, int], str] = {}
    for event in events:
        before = heads.get((event["stream"], event["version"] - 1), event["before"])
        changed(event, before=before)
        heads[event["stream"], event["version"]] = event["hash"]
