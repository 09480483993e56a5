"""Whether what proves the log is as it should be, as the health service says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from eventstore.divergence.alarms import Alarms
from eventstore.postgres.errors import LogUnavailable

if TYPE_CHECKING:
    from eventstore.proofs.proofs import Proofs

PROOF = "muster.v1.Proof"
"""How the health service calls the evidence. While it is not well, the log may still be open."""

log = structlog.get_logger()


class ProofHealth:
    """Looks whether the gate is open and no grave alarm is raised."""

    def __init__(self, proofs: Proofs) -> None:
        self._proofs = proofs
        self._alarms = Alarms(proofs.pool)
        self._said: tuple[str, ...] = ()

    async def is_well(self) -> bool:
        """Tell whether it is; not if nobody can tell."""
        try:
            standing = await self._proofs.standing()
            alarms = await self._alarms.raised()
        except LogUnavailable:
            return False
        wrong = [one.kind for one in alarms if one.is_grave]
        wrong += ["diverged"] if standing else []
        if tuple(wrong) != self._said:
            tell = log.error if wrong else log.info
            tell("proof_not_well" if wrong else "proof_well_again", alarms=wrong)
            self._said = tuple(wrong)
        return not wrong
