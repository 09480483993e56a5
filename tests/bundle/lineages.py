"""What somebody may have kept of a log that went on in another lineage, for the vectors."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from eventstore.tlog.note import Signer
from tests.bundle.mutations import remade
from tests.bundle.synthetic import ALTERED, LOG, SIGNED_BEFORE, SMALL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bundle.verifiers import Files

    Bundle = tuple[str, Files, str, dict[str, Any]]

SOUND, FALSE, UNTOLD = "sound", "false", "cannot be told"


def to_somebody_who_knows() -> Iterator[Bundle]:
    """Return bundles of two lineages, what somebody has of either, and the verdict."""
    base, first = ALTERED.files(), SMALL.files()
    second = ALTERED.signer
    ended = base["lineages/1"].decode()

    def kept(signer: Signer = LOG, **changes: Any) -> dict[str, Any]:
        said = replace(SIGNED_BEFORE, origin=signer.name, **changes)
        return {"checkpoints": [said.signed(signer).whole]}

    foreign = Signer(LOG.name, bytes(32))
    known: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("nothing", SOUND, {}),
        ("the key of its first lineage", SOUND, {"key": LOG.verifier.vkey}),
        ("the key of its second lineage", SOUND, {"key": second.verifier.vkey}),
        ("the key of its third lineage", SOUND, {"key": LOG.named(f"{LOG.name}/3").verifier.vkey}),
        ("another key of its first lineage", FALSE, {"key": foreign.verifier.vkey}),
        ("its key under another name", FALSE, {"key": LOG.named("other").verifier.vkey}),
        ("its key as a witness's", FALSE, {"key": LOG.cosigner.vkey}),
        ("what its first lineage ended with", SOUND, {"checkpoints": [ended]}),
        ("another end of its first lineage", FALSE, kept(root=sha256(b"other").digest())),
        ("what its first lineage was earlier", UNTOLD, kept(size=4)),
        ("what its first lineage was later", UNTOLD, kept(size=6)),
        ("a checkpoint of its third lineage", UNTOLD, kept(LOG.named(f"{LOG.name}/3"))),
        ("a checkpoint of another name", FALSE, kept(LOG.named("other"))),
        ("a checkpoint by another key", FALSE, kept(foreign)),
        ("its own checkpoint", SOUND, {"checkpoints": [base["checkpoint"].decode()]}),
    )
    for what, verdict, given in known:
        yield f"in a second lineage, to somebody who has {what}", base, verdict, given
    later = {"key": second.verifier.vkey}
    yield "to somebody who has the key of a later lineage", first, SOUND, later
    yield "to somebody with a checkpoint of a later lineage", first, UNTOLD, kept(second)
    without = {path: one for path, one in base.items() if path != "keys/log.vkey"}
    yield "in a second lineage, without its key", without, UNTOLD, {"key": LOG.verifier.vkey}
    before = remade({**base, "keys/log.vkey": first["keys/log.vkey"]})
    for given in ({}, {"key": LOG.verifier.vkey}, later):
        yield "in a second lineage, with the key of the first", before, FALSE, given
