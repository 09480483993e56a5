"""Wiring of the methods that rest on what the notary signs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from domain.record.divergence import DIVERGENCES, AcknowledgeDivergence
from eventstore.heads.prover import HeadProver
from eventstore.log.system_log import ExportLog, ReopeningLog
from eventstore.proofs.proofs import Proofs
from eventstore.proofs.quorum import Quorum
from eventstore.recorder.recorder import Recorder
from eventstore.tlog.note import Verifier
from services.api.proof.export import CaseExport
from services.api.proof.heads import Heads
from services.api.proof.health import ProofHealth
from services.api.proof.proofs import ProofQueries
from services.api.proof.verification import LogVerification
from services.runtime.clocks import clocks

if TYPE_CHECKING:
    from eventstore.log.log import Log
    from services.api.interceptors.chain import Stream, Unary
    from services.runtime.settings import settings as chosen
    from services.runtime.settings.settings import Settings


class ProofServices(NamedTuple):
    """What answers the methods about proofs, and what records an acknowledgement."""

    recorders: Mapping[str, Recorder[Any]]
    unaries: Mapping[str, Unary]
    streams: Mapping[str, Stream]
    health: ProofHealth


@asynccontextmanager
async def proof_services(settings: Settings, store: Log) -> AsyncIterator[ProofServices]:
    """Make it, for as long as the context lasts."""
    dsn = settings.database.dsn.get_secret_value()
    proofs = await Proofs.open(dsn, _quorum(settings.notary))
    try:
        proving = ProofQueries(store, proofs, settings.notary.folder)
        prover = HeadProver(proofs.pool)
        heads = Heads(proofs, prover)
        verifying = LogVerification(dsn, store, proofs, proving)
        exports = ExportLog(dsn, proofs.pool)
        exporting = CaseExport(store, exports, proofs, prover, settings)
        reopening = ReopeningLog(dsn, proofs.pool)

        async def standing(_state: object, command: object) -> object:
            assert isinstance(command, AcknowledgeDivergence), command  # noqa: S101 - the only one
            return await proofs.acknowledgeable(command.divergence)

        recorder = Recorder(reopening, DIVERGENCES, clock=clocks.now, surroundings=standing)
        yield ProofServices(
            {DIVERGENCES.category: recorder},
            {
                "ListCheckpoints": proving.checkpoints,
                "GetInclusionProof": proving.inclusion,
                "GetConsistencyProof": proving.consistency,
                "GetStreamHead": heads.stream,
            },
            {
                "Verify": verifying.verify,
                "ExportCase": exporting.export,
                "ListVenueIncidents": heads.venue,
            },
            ProofHealth(proofs),
        )
    finally:
        await proofs.close()


def _quorum(notary: chosen.Notary) -> Quorum:
    """Return who must have cosigned what is shown as a proof."""
    return Quorum([Verifier.parse(one.key) for one in notary.witnesses], notary.witnesses_required)
