"""Evidence: two checkpoints of one log that don't agree, in a file that proves it to others.

The file is JSON. Nothing of it needs to be believed: notes are signed (c2sp.org/signed-note), and a
consistency proof (RFC 9162, section 2.1.4) leads from the root of the later one to the root that
the log has today at the size of the earlier one. `judge` decides it from the file alone.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from eventstore.tlog.note import NoteInvalid
from services.client.checkpoints.acknowledgement import for_evidence
from services.client.checkpoints.comparison import Growth, Kept, forked
from services.client.checkpoints.log_key import KeyInvalid, LogKey
from services.runtime.clocks import clocks

if TYPE_CHECKING:
    from services.client.checkpoints.comparison import Finding

FORMAT = "muster-log-evidence/1"
PROOF_HASHES_MAX = 200


class EvidenceInvalid(ValueError):
    """A text is no file of evidence; the text says which field, and why."""


class Verdict(StrEnum):
    """What evidence proves by itself."""

    PROVEN = "proven"
    """The log signed both, and neither begins with the other."""
    SIGNED = "signed"
    """The log signed both; whoever holds it must show that one begins with the other."""
    NOT_PROVEN = "not_proven"
    """Not both are signed by the log."""


def _bytes(text: object) -> bytes:
    if not isinstance(text, str):
        raise ValueError("must be base64")  # noqa: TRY004 - pydantic reports ValueError by field
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be base64") from None


Hash = Annotated[bytes, BeforeValidator(_bytes), Field(min_length=32, max_length=32)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Signed(_Part):
    """A checkpoint and the key that verifies it; no key if none does."""

    key: str = ""
    note: str
    kept_at: AwareDatetime | None = None


class Consistency(_Part):
    """What the service answered when it was asked to prove that the log only grew."""

    first: int
    first_root: Hash
    second: int
    second_root: Hash
    proof: Annotated[tuple[Hash, ...], Field(max_length=PROOF_HASHES_MAX)]


class Evidence(_Part):
    """The whole file."""

    format: Literal["muster-log-evidence/1"]
    what: str
    server: str
    found_at: AwareDatetime
    expected_key: str = ""
    kept: Signed | None = None
    shown: Signed | None = None
    consistency: Consistency | None = None
    acknowledged: tuple[dict[str, str | int], ...] = ()


def evidence_of(server: str, expected: LogKey | None, finding: Finding) -> dict[str, Any]:
    """Return the content of the file that keeps a finding."""
    kept, shown, growth = finding.kept, finding.shown, finding.growth
    return {
        "format": FORMAT,
        "what": str(finding.alarm or finding.status),
        "server": server,
        "found_at": clocks.now().isoformat(),
        "expected_key": expected.vkey if expected else "",
        "kept": _signed(kept) if kept else None,
        "shown": _signed(shown) if shown else _unsigned(finding.shown_note),
        "consistency": _consistency(growth) if growth else None,
        "acknowledged": [for_evidence(one) for one in finding.ended],
    }


def parse(text: str) -> Evidence:
    """Read a file of evidence. Raises EvidenceInvalid."""
    try:
        return Evidence.model_validate_json(text)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"])) or "the file"
        raise EvidenceInvalid(f"{where}: {fault['msg']}") from None


def judge(evidence: Evidence) -> Verdict:
    """Decide what a file of evidence proves, by its signatures and hashes alone."""
    kept, shown = (_opened(one, evidence) for one in (evidence.kept, evidence.shown))
    if kept is None or shown is None or kept.key != shown.key:
        return Verdict.NOT_PROVEN
    said = evidence.consistency
    growth = Growth(*(getattr(said, name) for name in Growth._fields)) if said else None
    return Verdict.PROVEN if forked(kept, shown, growth) else Verdict.SIGNED


def _opened(one: Signed | None, evidence: Evidence) -> Kept | None:
    if one is None:
        return None
    try:
        kept = Kept(LogKey.parse(one.key), one.note, one.kept_at or evidence.found_at)
        _ = kept.opened
    except (KeyInvalid, NoteInvalid):
        return None
    return kept


def _signed(kept: Kept) -> dict[str, str]:
    return {"key": kept.key.vkey, "note": kept.note, "kept_at": kept.kept_at.isoformat()}


def _unsigned(note: str) -> dict[str, str] | None:
    return {"key": "", "note": note} if note else None


def _consistency(growth: Growth) -> dict[str, Any]:
    return {
        "first": growth.first,
        "first_root": b64encode(growth.first_root).decode(),
        "second": growth.second,
        "second_root": b64encode(growth.second_root).decode(),
        "proof": [b64encode(one).decode() for one in growth.proof],
    }
