"""Signed checkpoints, and inclusion and consistency proofs that lead to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from muster.v1 import audit_service_pb2

from eventstore.divergence.acknowledgements import acknowledgements
from eventstore.divergence.alarms import Alarms
from eventstore.integrity.archive import Archive, newest
from eventstore.integrity.audit import Signed
from eventstore.integrity.tree_builder import Claim
from eventstore.proofs.proofs import ProofUnavailable
from eventstore.proofs.stored_checkpoint import StoredCheckpoint
from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.note import Note, Verifier
from services.api.errors.failures import Failure, Violation
from services.api.proof.acknowledgements import acknowledged_messages
from services.api.queries.incidents import check_page
from services.api.resume_tokens import reads_the_past

if TYPE_CHECKING:
    from pathlib import Path

    from domain.record.divergence import Standing
    from eventstore.divergence.alarms import Alarm
    from eventstore.log.events import StoredEvent
    from eventstore.log.log import Log
    from eventstore.proofs.proofs import Proofs
    from services.api.interceptors.chain import Call

PAGE_SIZE = 50
LINEAGE_MAX = 2**31 - 1
SIZE_MAX = 2**63 - 1


class Newest(NamedTuple):
    """The newest checkpoint there is, and what is kept of its tree outside the database."""

    note: str
    signed: Signed
    archive: Archive | None
    genuine: bool
    """Whether it is signed by the log's key, as far as that is known here."""
    lineage: int
    key: Verifier | None
    """The log's key in the folder; None if the folder can't be seen."""

    @property
    def claim(self) -> Claim:
        """Return what it says of its lineage."""
        return Claim(self.lineage, *self.signed)


class ProofQueries:
    """Answers what is asked about checkpoints and proofs."""

    def __init__(self, log: Log, proofs: Proofs, folder: Path) -> None:
        self._log = log
        self._proofs = proofs
        self._folder = folder

    async def checkpoints(
        self, request: Any, call: Call
    ) -> audit_service_pb2.ListCheckpointsResponse:
        """Return a page of checkpoints, newest first, and whether the log diverged from them."""
        check_page(request)
        wanted = request.page_size or PAGE_SIZE
        rows = await self._proofs.before(*_page(request.page_token), wanted + 1)
        more = rows[wanted - 1] if len(rows) > wanted else None
        trusted = reads_the_past(call.actor)
        standing = await self._proofs.standing() if trusted else None
        alarms = await Alarms(self._proofs.pool).raised() if trusted else ()
        ended = () if request.page_token else await acknowledgements(self._proofs.pool)
        covered = rows[0].size if rows else 0
        return audit_service_pb2.ListCheckpointsResponse(
            checkpoints=[kept_message(row) for row in rows[:wanted]],
            next_page_token=f"{more.lineage}.{more.size}" if more else "",
            log_key=self._key() or "",
            divergence=divergence_of(standing) if standing else None,
            alarms=[_alarm(one) for one in alarms],
            acknowledged=await acknowledged_messages(self._log, self._proofs, ended, covered),
        )

    async def inclusion(
        self, request: Any, call: Call
    ) -> audit_service_pb2.GetInclusionProofResponse:
        """Prove that an event is in the log that was signed."""
        refuse_in_part(call)
        latest = await self._latest()
        size = not_negative(request.size, "size") or latest.size
        event = await self._event(request)
        wanted = max(event.position, size)
        if size > latest.size or event.position > size:
            raise not_signed(wanted, latest.size if wanted > latest.size else size)
        try:
            proof = await self._proofs.inclusion(event.position, size)
            root = await self._proofs.root(size)
        except ProofUnavailable:
            raise not_signed(size, 0) from None
        return audit_service_pb2.GetInclusionProofResponse(
            position=event.position,
            event_hash=event.hash,
            size=size,
            root=root,
            proof=proof,
            checkpoint=await self._signed_at(latest, size),
        )

    async def consistency(
        self, request: Any, _: Call
    ) -> audit_service_pb2.GetConsistencyProofResponse:
        """Prove that the log that was signed begins with an earlier one, to whoever lists those."""
        latest = await self._latest()
        first = not_negative(request.first, "first")
        second = not_negative(request.second, "second") or latest.size
        if second > latest.size:
            raise not_signed(second, latest.size)
        if first > second:
            raise Failure("FIELD_INVALID", violations=[Violation.of("first", "not_after_second")])
        try:
            proof = await self._proofs.consistency(first, second)
            roots = [await self._proofs.root(size) for size in (first, second)]
        except ProofUnavailable:
            raise not_signed(second, 0) from None
        return audit_service_pb2.GetConsistencyProofResponse(
            first=first,
            first_root=roots[0],
            second=second,
            second_root=roots[1],
            proof=proof,
            checkpoint=await self._signed_at(latest, second),
        )

    async def newest(self) -> Newest | None:
        """Return what the log is to be compared with: kept outside the database if it can be seen.

        Without the folder it is what the database says was signed, which whoever holds the database
        could have made up.
        """
        archive = newest(self._folder)
        note = archive.checkpoint() if archive else None
        if archive is None or note is None:
            latest = await self._proofs.latest()
            return None if latest is None else _parsed(latest.note, None, latest.lineage, None)
        key = archive.log_key()
        return _parsed(note, archive, archive.lineage, Verifier.parse(key) if key else None)

    async def _latest(self) -> StoredCheckpoint:
        latest = await self._proofs.latest()
        if latest is None:
            raise not_signed(1, 0)
        return latest

    async def _signed_at(
        self, latest: StoredCheckpoint, size: int
    ) -> audit_service_pb2.Checkpoint | None:
        """Return the checkpoint of just this size, if there is one."""
        rows = await self._proofs.before(latest.lineage, size + 1, 1)
        found = rows and (rows[0].lineage, rows[0].size) == (latest.lineage, size)
        return kept_message(rows[0]) if found else None

    async def _event(self, request: Any) -> StoredEvent:
        if request.WhichOneof("event") == "position":
            position = not_negative(request.position, "position")
            found = await self._log.read(position - 1, limit=1) if position else ()
            if not found:
                head = str(await self._log.head())
                raise Failure("NOT_SIGNED_YET", {"wanted": str(position), "signed": head})
            return found[0]
        try:
            named = UUID(request.event_id)
        except ValueError:
            said = "uuid" if request.event_id else "missing"
            raise Failure("FIELD_INVALID", violations=[Violation.of("event_id", said)]) from None
        events = await self._log.find([named])
        if named not in events:
            raise Failure("EVENT_UNKNOWN", {"event": str(named)})
        return events[named]

    def _key(self) -> str | None:
        archive = newest(self._folder)
        return archive.log_key() if archive else None


def checkpoint_of(note: str) -> audit_service_pb2.Checkpoint:
    """Return a note as the contract says it."""
    parsed = Note.parse(note)
    said = Checkpoint.parse(parsed.text)
    return audit_service_pb2.Checkpoint(
        note=note,
        origin=said.origin,
        size=said.size,
        root=said.root,
        witnesses=[one.name for one in parsed.signatures if one.name != said.origin],
    )


def _parsed(note: str, archive: Archive | None, lineage: int, key: Verifier | None) -> Newest:
    parsed = Note.parse(note)
    said = Checkpoint.parse(parsed.text)
    genuine = key is None or (key.name == said.origin and parsed.signed_by(key) is not None)
    return Newest(note, Signed(said.size, said.root), archive, genuine, lineage, key)


def kept_message(row: StoredCheckpoint) -> audit_service_pb2.Checkpoint:
    message = checkpoint_of(row.note)
    message.signed_at.FromDatetime(row.signed_at)
    message.lineage = row.lineage
    message.timestamp_token = row.stamped or b""
    message.timestamped_note = row.stamp_of or ""
    return message


def divergence_of(standing: Standing) -> audit_service_pb2.Divergence:
    """Return why nothing is recorded as the contract says it."""
    what = standing.what
    return audit_service_pb2.Divergence(
        divergence=standing.divergence,
        flaw=audit_service_pb2.Flaw(
            what=f"{what.doubt}: expected {what.expected}, found {what.found}",
            position=what.position,
            stream=what.stream,
            version=what.version,
            field=what.doubt,
            expected=what.expected,
            found=what.found,
        ),
        signed_size=what.signed_size,
        signed_root=bytes.fromhex(what.signed_root),
        size=what.size,
        root=bytes.fromhex(what.root),
        found_by=standing.found_by,
    )


def _alarm(raised: Alarm) -> audit_service_pb2.ProofAlarm:
    message = audit_service_pb2.ProofAlarm(kind=raised.kind, says=raised.says)
    message.since.FromDatetime(raised.since)
    return message


def _page(token: str) -> tuple[int, int]:
    if not token:
        return LINEAGE_MAX, SIZE_MAX
    lineage, _, size = token.partition(".")
    if not (token.isascii() and lineage.isdecimal() and size.isdecimal()):
        raise Failure("PAGE_TOKEN_INVALID")
    found = int(lineage), int(size)
    if found > (LINEAGE_MAX, SIZE_MAX) or found[1] > SIZE_MAX:
        raise Failure("PAGE_TOKEN_INVALID")
    return found


def not_negative(value: int, field: str) -> int:
    if value < 0:
        raise Failure("FIELD_INVALID", violations=[Violation.of(field, "not_negative")])
    return value


def refuse_in_part(call: Call) -> None:
    """Refuse the log as a whole to those who were let in at some venues only."""
    if call.actor.venues is not None:
        raise Failure("VENUE_NOT_PERMITTED", {"venue": "*"})


def not_signed(wanted: int, signed: int) -> Failure:
    return Failure("NOT_SIGNED_YET", {"wanted": str(wanted), "signed": str(signed)})
