"""Cases as bundles that prove themselves: recorded first, then signed, then sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from muster.v1 import audit_service_pb2

from domain.decider import Refused, decode
from domain.record.export import EXPORTS, CaseExported, ExportCase
from domain.values import IncidentId, Text
from eventstore.bundle.lineages import acknowledgement_streams
from eventstore.bundle.writer import MANIFEST, Export, write
from eventstore.heads.prover import HeadProver, Proven, Signed
from eventstore.integrity.archive import Archive, named
from eventstore.proofs.proofs import ProofUnavailable
from eventstore.recorder.recorder import Recorder
from eventstore.tlog.checkpoint import heads_of
from eventstore.tlog.note import Note, Verifier
from services.api.access_log import refuse_without_reason
from services.api.commands.envelope import asked, context_of, incident_id
from services.api.errors.failures import Failure, Violation, of_refusal
from services.api.proof.heads import answering_for
from services.api.venue_access import VenueAccess
from services.runtime.clocks import clocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.record.export import Export as Known
    from eventstore.log.events import StoredEvent
    from eventstore.log.log import Log
    from eventstore.log.system_log import ExportLog
    from eventstore.proofs.proofs import Proofs
    from eventstore.proofs.stored_checkpoint import StoredCheckpoint
    from services.api.interceptors.chain import Call
    from services.runtime.settings.settings import Settings

NOTARY_PATIENCE_S = 30.0
"""How long to wait for the checkpoint over the export; the notary signs within two seconds."""

WITNESS_PATIENCE_S = 5.0
"""How long to wait, beyond that, for a checkpoint that all witnesses cosigned."""

LOOK_S = 0.2
KNOWN_SIZES_MAX = 100

EVENTS = "events.jsonl"
SIZES = Text.of("最多100个，且不得大于已签署的大小", "at most 100, none larger than what is signed")

Step = audit_service_pb2.ExportCaseResponse


class CaseExport:
    """Hands out cases."""

    def __init__(
        self,
        log: Log,
        exports: ExportLog,
        proofs: Proofs,
        prover: HeadProver,
        settings: Settings,
    ) -> None:
        notary = settings.notary
        self._log = log
        self._proofs = proofs
        self._prover = prover
        self._places = VenueAccess(log)
        self._notary = notary
        self._privacy = settings.privacy
        self._keys = [one.key for one in notary.witnesses]
        self._recorder: Recorder[Known] = Recorder(exports, EXPORTS, clock=clocks.now)

    async def export(self, request: Any, call: Call) -> AsyncGenerator[Step, None]:
        """Record that a case is exported, wait until that is signed, and send the bundle."""
        incident = incident_id(request.incident_id)
        await self._refuse(incident, call)
        context = context_of(request)
        refuse_without_reason(self._privacy, call.actor, context.reason, "context.reason")
        self._key(named(self._notary.folder))
        ask = asked(ExportCase(incident=IncidentId(incident)), context, call)
        name = str(context.command_id)
        sizes = _sizes(request, await self._proofs.latest())
        recorded = await self._recorder.record(name, ask)
        if isinstance(recorded, Refused):
            raise of_refusal(recorded, ask, EXPORTS.stream(name))
        if context.validate_only:
            return
        event = await self._recorded(name)
        exported = decode(EXPORTS, event.type, event.schema_version, event.data)
        assert isinstance(exported, CaseExported), exported  # noqa: S101 - no other kind
        latest = await self._signed(event.position)
        export = Export(
            name,
            incident,
            exported.spans,
            latest,
            self._key(Archive(self._notary.folder, latest.lineage)),
            witnesses=self._keys,
            known_sizes=sizes,
            schema_version=event.schema_version,
            head=await self._head(incident, latest),
        )
        if not export.is_first_format:
            known = {span.stream for span in exported.spans}
            acknowledged = await acknowledgement_streams(self._log, latest)
            since = [span for span in acknowledged if span[0] not in known]
            export = export._replace(acknowledged_since=since)
        async for step in self._sent(export):
            yield step

    async def _sent(self, export: Export) -> AsyncGenerator[Step, None]:
        events, total = 0, export.events
        try:
            async for part in write(self._log, self._proofs, export):
                if part.path == EVENTS:
                    events += part.content.count(b"\n")
                step = Step(path=part.path, content=part.content, events=events, total=total)
                if part.path == MANIFEST:
                    step.missing_witnesses.extend(self._missing(export.latest))
                yield step
        except ProofUnavailable:
            raise _not_signed(export.latest.size, 0) from None

    async def _recorded(self, name: str) -> StoredEvent:
        """Return the export as the log has it: what goes with it, the log found itself."""
        pages = self._log.read_stream(EXPORTS.stream(name), up_to=1)
        return await anext(event async for page in pages for event in page)

    async def _refuse(self, incident: str, call: Call) -> None:
        """Refuse an incident that there isn't, or that is elsewhere."""
        stream = f"incident/{incident}"
        if await self._places.venue(stream) is None:
            raise Failure("INCIDENT_UNKNOWN", {"incident": incident}, subject=stream)
        await self._places.refuse_elsewhere(call.actor, stream)

    async def _head(self, incident: str, latest: StoredCheckpoint) -> Proven | None:
        """Prove which version of a case is the newest; None if the checkpoint signs no map.

        The subtrees of the map are at hand for some minutes, so it is done before all else.
        """
        root = heads_of(latest.note)
        if root is None:
            return None
        signed = Signed(latest.lineage, latest.size, root)
        with answering_for(signed):
            return await self._prover.stream(signed, f"incident/{incident}")

    @staticmethod
    def _key(archive: Archive | None) -> str:
        """Return who signs a lineage: without that a bundle can't be verified."""
        key = archive.log_key() if archive else None
        if key is None:
            raise Failure("LOG_KEY_UNKNOWN")
        return key.strip()

    async def _signed(self, position: int) -> StoredCheckpoint:
        """Return a checkpoint over a position, cosigned by all witnesses if they do so soon."""
        waited = 0.0
        while True:
            latest = await self._proofs.latest()
            covers = latest is not None and latest.size >= position
            if latest is not None and covers and self._is_enough(latest, waited):
                return latest
            if waited >= NOTARY_PATIENCE_S and not covers:
                raise _not_signed(position, latest.size if latest else 0)
            await asyncio.sleep(LOOK_S)
            waited += LOOK_S

    def _is_enough(self, latest: StoredCheckpoint, waited: float) -> bool:
        return not self._missing(latest) or waited >= WITNESS_PATIENCE_S

    def _missing(self, latest: StoredCheckpoint) -> Sequence[str]:
        """Return the names of the witnesses who are asked and did not cosign a checkpoint."""
        note, asked = Note.parse(latest.note), map(Verifier.parse, self._keys)
        return [key.name for key in asked if note.signed_by(key) is None]


def _sizes(request: Any, latest: StoredCheckpoint | None) -> Sequence[int]:
    sizes, most = sorted(set(request.known_sizes)), latest.size if latest else 0
    if len(sizes) > KNOWN_SIZES_MAX or any(not 0 < size <= most for size in sizes):
        broken = Violation("known_sizes", "known_sizes", SIZES)
        raise Failure("FIELD_INVALID", violations=[broken])
    return sizes


def _not_signed(wanted: int, signed: int) -> Failure:
    return Failure("NOT_SIGNED_YET", {"wanted": str(wanted), "signed": str(signed)})
