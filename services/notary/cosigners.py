"""Cosigners of checkpoints: witnesses and timestamp authorities, and alarms when they fail.

Nothing waits for a witness: appends and checkpoints go on. Where a quorum is required, a checkpoint
counts (is shown as the newest, proven with, exported) only once so many witnesses cosigned it.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from eventstore.divergence.alarms import QUORUM, WITNESS, Alarms
from eventstore.integrity.archive import EvidenceDiffers
from eventstore.notary.cosignatures import Cosignatures
from eventstore.notary.witness_disagreement import Disagreement
from eventstore.postgres.errors import LogUnavailable
from eventstore.proofs.proofs import Proofs, ProofUnavailable
from eventstore.tlog.note import Note, Signature
from services.notary.timestamp import TimestampAuthority, TimestampFailed
from services.notary.witness import Witness, WitnessDisagrees, WitnessFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import httpx2

    from eventstore.notary.evidence import Published
    from eventstore.notary.notary import Notary
    from services.runtime.settings import settings

WITNESS_AGAIN_S = 10.0
"""How soon a witness that failed is asked again, if nothing new is signed before."""

log = structlog.get_logger()


@dataclass
class Cosigners:
    """Those who are asked to say that they saw a checkpoint."""

    notary: Notary
    witnesses: Sequence[Witness]
    authority: TimestampAuthority | None
    endorsements: Cosignatures
    alarms: Alarms
    required: int = 0
    """How many witnesses must cosign a checkpoint before it counts."""
    overdue_s: float = 60.0
    """After so long without a cosignature there is an alarm."""
    missing: dict[str, float] = field(default_factory=dict)
    """Since when a witness did not cosign, by its name and the monotonic clock."""
    larger: dict[str, str] = field(default_factory=dict)
    """What a witness says that knows a larger log and does not prove it, by its name."""
    short_since: float | None = None
    """Since when checkpoints have not counted; None if the newest does."""

    @classmethod
    def of(
        cls, chosen: settings.Notary, notary: Notary, proofs: Proofs, client: httpx2.AsyncClient
    ) -> Cosigners:
        """Take those whom the settings name."""
        witnesses = [Witness(one, proofs, client) for one in chosen.witnesses]
        authority = None
        if chosen.timestamp_url and chosen.timestamp_ca_file:
            ca_file = chosen.timestamp_ca_file
            authority = TimestampAuthority(chosen.timestamp_url, ca_file, client)
        return cls(
            notary,
            witnesses,
            authority,
            Cosignatures(proofs.pool),
            Alarms(proofs.pool),
            chosen.witnesses_required,
            chosen.witness_overdue_seconds,
        )

    async def witness(self) -> None:
        """Have every new checkpoint cosigned; while that goes on, newer ones wait for the next."""
        seen = self.notary.seen
        forgotten = False
        while True:
            try:
                again_s = min(WITNESS_AGAIN_S, self.overdue_s)
                async with asyncio.timeout(again_s if self.missing else None):
                    await seen.news.wait()
            except TimeoutError:
                pass  # somebody did not cosign the last one
            seen.news.clear()
            try:
                if not forgotten:
                    await self.alarms.keep_witnesses([one.key.name for one in self.witnesses])
                    forgotten = True
                if seen.published and self.witnesses:
                    await self._cosigned(seen.published)
                await self._raise_alarms()
            except LogUnavailable as error:
                log.warning("not_kept", because=str(error))

    async def stamp(self, every_s: float) -> None:
        """Have the newest checkpoint timestamped now and then."""
        stamped: Published | None = None
        await self.notary.seen.begun.wait()
        while self.authority:
            published = self.notary.seen.published
            if published and published != stamped:
                try:
                    token = await self.authority.stamp(published.note.encode())
                    await self.endorsements.stamped(published, token)
                    stamped = published
                except (TimestampFailed, LogUnavailable, EvidenceDiffers) as error:
                    log.warning("not_timestamped", because=str(error))
            await asyncio.sleep(every_s)

    async def _cosigned(self, published: Published) -> None:
        """Ask all witnesses at once, and keep what those answer who cosign."""
        asked = [self._ask(witness, published) for witness in self.witnesses]
        answers = dict(zip(self.witnesses, await asyncio.gather(*asked), strict=True))
        self._note_down({witness.key.name: one is not None for witness, one in answers.items()})
        signatures = [one for one in answers.values() if one]
        if not signatures:
            return
        note = Note.parse(published.note).with_signatures(signatures)
        counts = len(signatures) >= self.required
        try:
            await self.endorsements.cosigned(published, note, counts=counts)
        except EvidenceDiffers as error:
            log.error("not_kept", because=str(error))  # noqa: TRY400 - a state, not a fault of ours

    async def _ask(self, witness: Witness, published: Published) -> Signature | None:
        """Ask one witness; have it examined if it says twice that it saw another log."""
        try:
            try:
                return await witness.cosign(published)
            except WitnessDisagrees as error:
                log.warning("not_witnessed", because=str(error))
                return await witness.cosign(published)
        except WitnessDisagrees as error:
            log.error("witness_disagrees", because=str(error))  # noqa: TRY400 - as above
            await self._examine(
                witness, Disagreement(witness.key.name, published.claim, error.size)
            )
        except (WitnessFailed, ProofUnavailable, LogUnavailable) as error:
            log.warning("not_witnessed", because=str(error))
        return None

    async def _examine(self, witness: Witness, said: Disagreement) -> None:
        """Have it examined. That a log is larger must be signed: a number is an alarm only."""
        newest = self.notary.seen.published
        if newest is not None and said.size <= newest.signed.size and said.is_larger:
            return  # more was signed since: it is asked again, with a proof
        if said.is_larger:
            said = said._replace(note=await witness.shown())
            self.larger[said.witness] = (
                f"{said.witness} says that it knows a log of {said.size} events, more than were "
                "signed here"
            )
        if said.note or not said.is_larger:
            self.notary.suspect(said)

    def _note_down(self, answers: Mapping[str, bool]) -> None:
        now = time.monotonic()
        self.larger = {name: said for name, said in self.larger.items() if not answers.get(name)}
        self.missing = {
            name: self.missing.get(name, now) for name, cosigned in answers.items() if not cosigned
        }
        enough = len(answers) - len(self.missing) >= self.required
        self.short_since = None if enough else self.short_since or now

    async def _raise_alarms(self) -> None:
        """Raise and end alarms, as it is now."""
        for witness in self.witnesses:
            name = witness.key.name
            if name in self.larger:
                await self.alarms.say(f"{WITNESS}{name}", self.larger[name])
            elif self._is_overdue(self.missing.get(name)):
                says = f"{name} has not cosigned for more than {self.overdue_s:g} s"
                await self.alarms.say(f"{WITNESS}{name}", says)
            elif name not in self.missing:
                await self.alarms.clear(f"{WITNESS}{name}")
        if self._is_overdue(self.short_since):
            cosign = len(self.witnesses) - len(self.missing)
            says = (
                f"{cosign} of {self.required} required witnesses have cosigned for more than "
                f"{self.overdue_s:g} s: newer checkpoints don't count"
            )
            await self.alarms.say(QUORUM, says)
        elif self.short_since is None:
            await self.alarms.clear(QUORUM)

    def _is_overdue(self, since: float | None) -> bool:
        return since is not None and time.monotonic() - since >= self.overdue_s
