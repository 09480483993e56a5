"""Verification of the log against hashes and signed checkpoints, reported step by step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from muster.v1 import audit_service_pb2

from eventstore.heads.audit import audit_heads
from eventstore.integrity.audit import Report, audit
from eventstore.integrity.chain_verifier import Divergence, Doubt, Verification
from eventstore.notary.inspection import confirmed
from eventstore.proofs.stream_inclusion import first_other, signed_leaves, unlike
from services.api.errors.failures import Failure
from services.api.history.audit import checked_stream
from services.api.proof.proofs import Newest, checkpoint_of, divergence_of
from services.api.proof.write_gate import WriteGate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.log.log import Log
    from eventstore.proofs.proofs import Proofs
    from services.api.interceptors.chain import Call
    from services.api.proof.proofs import ProofQueries

PAGE_EVENTS = 500
"""Events of a stream that are read at a time."""

PROGRESS_S = 0.25
WHOLE_AT_ONCE = 2
"""Whole logs verified at a time; each takes two processes once it is long."""

VerifyStep = audit_service_pb2.VerifyResponse


class LogVerification:
    """Verifies the whole log, or one stream of it."""

    def __init__(self, dsn: str, log: Log, proofs: Proofs, proving: ProofQueries) -> None:
        self._dsn = dsn
        self._gate = WriteGate(dsn, proofs)
        self._log = log
        self._proofs = proofs
        self._proving = proving
        self._whole_now = 0

    async def verify(self, request: Any, call: Call) -> AsyncGenerator[VerifyStep, None]:
        """Compute every seal again, compare with what was signed, and say how far it has come."""
        if call.actor.venues is not None:
            raise Failure("VENUE_NOT_PERMITTED", {"venue": "*"})
        known = await self._proving.newest()
        end: VerifyStep | None = None
        async with aclosing(self._looked(request.stream, known)) as steps:
            async for step in steps:
                if step.done:
                    end = step
                else:
                    yield step
        if end is not None and not end.sound:
            async with aclosing(self._again(request.stream, end, call)) as steps:
                async for step in steps:
                    yield step
        elif end is not None:
            yield end

    def _looked(self, stream: str, known: Newest | None) -> AsyncGenerator[VerifyStep, None]:
        return self._stream(checked_stream(stream), known) if stream else self._whole(known)

    async def _again(
        self, stream: str, first: VerifyStep, call: Call
    ) -> AsyncGenerator[VerifyStep, None]:
        """Look again for what was found, and close the gate if it is found twice."""
        known = await self._proving.newest()
        end = first
        looked = self._looked(stream, known) if stream else self._steps(known)
        async with aclosing(looked) as steps:  # it finds a place also where none is free
            async for step in steps:
                if step.done:
                    end = step
                else:
                    yield step
        if not end.sound:  # else a server that was going away answered
            found = confirmed(_flaws_of(first), _flaws_of(end))
            standing = await self._gate.close(found, known, call.actor.id)
            if standing is not None:
                end.divergence.CopyFrom(divergence_of(standing))
        yield end

    async def _whole(self, known: Newest | None) -> AsyncGenerator[VerifyStep, None]:
        """Verify chain and tree, in processes of their own once there is much."""
        if self._whole_now >= WHOLE_AT_ONCE:
            raise Failure("OVERLOADED")
        self._whole_now += 1
        try:
            async with aclosing(self._steps(known)) as steps:
                async for step in steps:
                    yield step
        finally:
            self._whole_now -= 1

    async def _steps(self, known: Newest | None) -> AsyncGenerator[VerifyStep, None]:
        checked = 0

        def tell(events: int) -> None:
            nonlocal checked
            checked += events

        total = await self._log.head()
        signed, archive = (known.signed, known.archive) if known else (None, None)
        working = asyncio.create_task(audit(self._dsn, signed, archive, tell))
        try:
            while not (await asyncio.wait([working], timeout=PROGRESS_S))[0]:
                yield VerifyStep(checked=checked, position=checked, total=max(total, checked))
            report: Report = working.result()
            flaws = report.flaws or await audit_heads(self._dsn, known and known.note)
        finally:
            working.cancel()
        end = VerifyStep(checked=checked, position=checked, total=report.size, root=report.root)
        yield _ended(end, flaws, known)

    async def _stream(self, stream: str, known: Newest | None) -> AsyncGenerator[VerifyStep, None]:
        """Verify the chain of one stream, and that its events are leaves of the tree."""
        verification = Verification(stream)
        total = await self._proofs.length(stream)
        leaves = await signed_leaves(self._proofs, known.signed, known.archive) if known else None
        flaws = [unlike(known.signed)] if known and leaves is None else []
        async for page in self._log.read_stream(stream, page=PAGE_EVENTS):
            for event in page:
                verification.take(event)
            if known and leaves:
                found = await first_other(leaves, known.signed.size, page)
                flaws += [found] if found else []
            if verification.divergence or flaws:
                break  # the first of them is what counts
            yield _progress(verification, total)
        if verification.divergence:
            flaws.append(verification.divergence)
        yield _ended(_progress(verification, total), sorted(flaws), known)


def _progress(verification: Verification, total: int) -> VerifyStep:
    return VerifyStep(
        checked=verification.events,
        position=verification.end.position if verification.end else 0,
        total=max(total, verification.events),
    )


def _ended(step: VerifyStep, flaws: Sequence[Divergence], known: Newest | None) -> VerifyStep:
    """Say what was found, and with what the log was compared."""
    found = list(flaws)
    if known:
        step.checkpoint.CopyFrom(checkpoint_of(known.note))
        if not known.genuine:
            forged = (Doubt.CHECKPOINT, "a signature of the log's key", "none")
            found.append(Divergence(known.signed.size, "", 0, *forged))
    step.flaws.extend(_flaw(one) for one in found)
    step.done, step.sound = True, not found
    return step


def _flaws_of(step: VerifyStep) -> Sequence[Divergence]:
    return [
        Divergence(one.position, one.stream, one.version, Doubt(one.field), one.expected, one.found)
        for one in step.flaws
    ]


def _flaw(found: Divergence) -> audit_service_pb2.Flaw:
    return audit_service_pb2.Flaw(
        what=f"{found.doubt}: expected {found.expected}, found {found.found}",
        position=found.position,
        stream=found.stream,
        version=found.version,
        field=found.doubt,
        expected=found.expected,
        found=found.found,
    )
