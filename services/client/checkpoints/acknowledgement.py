"""An acknowledged divergence: the event that let a log go on as another lineage.

A service's word for it is worth nothing: whoever writes another log can list one. So the event
itself must come, hashed again here, with the proof that it is in the log that the checkpoint signs.
Then the log has said for good, and for all to see, who answers for what differs.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from eventstore.integrity.hash_chain import event_hash, genesis
from eventstore.tlog.merkle import leaf_hash, verify_inclusion

if TYPE_CHECKING:
    from eventstore.log.events import StoredEvent
    from eventstore.tlog.checkpoint import Checkpoint

ENDING = frozenset({"leaf", "root", "end", "witness", "archive"})
"""Doubts after whose acknowledgement another lineage begins
(`eventstore.divergence.write_gate.ENDING`)."""


class Ended(NamedTuple):
    """An acknowledged divergence, as the service lists it: it ended a lineage."""

    divergence: str
    lineage: int
    signed_size: int
    signed_root: bytes
    differs_from: int
    """The first place in the log that differs from what was signed."""
    position: int
    actor: str
    reason: str
    event: StoredEvent | None = None
    """The acknowledgement; None if the service does not show it."""
    proof: tuple[bytes, ...] = ()
    """That it is in the tree of the checkpoint beside which it is listed."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Meta(_Part):
    actor: str = ""
    reason: str | None = None


class _What(_Part):
    doubt: str
    position: int
    lineage: int
    signed_size: int
    signed_root: str


class _Acknowledged(_Part):
    divergence: str
    what: _What


def is_proven(one: Ended, tree: Checkpoint) -> bool:
    """Tell whether a log acknowledged just what is listed, in the tree that a checkpoint signs."""
    event = one.event
    if event is None or not _begins_its_stream(one, event):
        return False
    leaf = leaf_hash(event.hash)
    if not verify_inclusion(leaf, event.position - 1, tree.size, one.proof, tree.root):
        return False
    try:
        said = _Acknowledged.model_validate_json(event.data)
        meta = _Meta.model_validate_json(event.meta)
    except ValidationError:
        return False
    what = said.what
    listed = (one.divergence, one.lineage, one.signed_size, one.signed_root.hex())
    sealed = (said.divergence, what.lineage, what.signed_size, what.signed_root)
    who = (one.differs_from, one.actor, one.reason)
    sealed_who = (what.position, meta.actor, meta.reason or "")
    return what.doubt in ENDING and listed == sealed and who == sealed_who


def for_evidence(one: Ended) -> dict[str, str | int]:
    """Return it as a file of evidence has it: with all that its hash and its proof are made of."""
    event = one.event
    listed: dict[str, str | int] = {
        "divergence": one.divergence,
        "lineage": one.lineage,
        "signed_size": one.signed_size,
        "signed_root": one.signed_root.hex(),
        "differs_from": one.differs_from,
        "position": one.position,
        "actor": one.actor,
        "reason": one.reason,
    }
    if event is None:
        return listed
    return listed | {
        "event_id": str(event.event_id),
        "recorded_at": event.recorded_at.isoformat(),
        "occurred_at": event.occurred_at.isoformat(),
        "schema_version": event.schema_version,
        "data": event.data,
        "meta": event.meta,
        "hash": event.hash.hex(),
        "proof": " ".join(b64encode(each).decode() for each in one.proof),
    }


def _begins_its_stream(one: Ended, event: StoredEvent) -> bool:
    """Tell whether an event is the first of the divergence's own stream, as it was sealed."""
    stream = f"log/{one.divergence}"
    said = (event.position, event.stream, event.version, event.type)
    if said != (one.position, stream, 1, "DivergenceAcknowledged"):
        return False
    return event_hash(genesis(stream), event) == event.hash
