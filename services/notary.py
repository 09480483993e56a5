"""The process that signs what the log was, and has others say that they saw it."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, NamedTuple

import httpx2
import structlog
from prometheus_client import REGISTRY, Gauge

from eventstore.endorsing import Endorsements
from eventstore.failures import LogUnavailable, passes
from eventstore.migrations import check
from eventstore.notary import Notary
from eventstore.note import Note, NoteInvalid, Signature, Signer
from eventstore.proofs import Proofs, ProofUnavailable
from services import clock_metrics, clock_watch, metrics, readiness
from services.timestamp import TimestampAuthority, TimestampFailed
from services.witness import Witness, WitnessFailed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from eventstore.beginning import Published
    from services import settings
    from services.settings import Settings

SECRET = 0o600
WITNESS_AGAIN_S = 10.0
"""How soon a witness that failed is asked again, if nothing new is signed before."""

SIZE = Gauge("muster_notary_size", "Events that are signed.", registry=None)
LAG = Gauge(
    "muster_notary_lag_seconds", "How long an event waited for its checkpoint.", registry=None
)
REFUSING = Gauge(
    "muster_notary_refusing", "1 while nothing is recorded, as the log diverged.", registry=None
)

log = structlog.get_logger()


class KeyUnusable(Exception):  # noqa: N818 - a state
    """The signing key can't be read or made; the text says why."""


async def notarise(settings: Settings) -> None:
    """Sign until told to stop."""
    stopping = asyncio.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wanted, stopping.set)
    await readiness.may_begin()
    dsn = settings.database.dsn.get_secret_value()
    signer = read_key(settings.notary.key_file)
    await check(dsn)
    async with AsyncExitStack() as opened:
        proofs = await Proofs.open(dsn)
        opened.push_async_callback(proofs.close)
        client = await opened.enter_async_context(httpx2.AsyncClient())
        chosen = settings.notary
        notary = Notary(dsn, chosen.folder, signer, proofs, pause_s=chosen.pause_seconds)
        _count(settings.metrics, notary)
        watch = clock_watch.watched_by_notary(settings, clock_metrics.show)
        await opened.enter_async_context(watch)
        others = Others.of(chosen, notary, proofs, client)
        works = [notary.run(), _announce(notary), _audit(notary, chosen.audit_every_seconds)]
        works += [others.witness(), others.stamp(chosen.timestamp_every_seconds)]
        tasks = [asyncio.create_task(work) for work in works]
        told = asyncio.create_task(stopping.wait())
        await _until(told, tasks)


def read_key(file: Path) -> Signer:
    """Read the signing key. Raises KeyUnusable."""
    try:
        return Signer.parse(file.read_text(encoding="ascii"))
    except OSError as error:
        raise KeyUnusable(
            f"{file} can't be read ({error.strerror}): `muster notary --new-key NAME` makes one"
        ) from None
    except (NoteInvalid, ValueError) as error:
        raise KeyUnusable(f"{file}: {error}") from None


def make_key(file: Path, name: str) -> Signer:
    """Make a signing key where there is none. Raises KeyUnusable."""
    try:
        signer = Signer.generate(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, SECRET)
    except (OSError, NoteInvalid) as error:
        raise KeyUnusable(f"{file}: {error}") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as writing:
        writing.write(f"{signer.skey}\n")
    return signer


class Others(NamedTuple):
    """Those who say that they saw a checkpoint."""

    notary: Notary
    witnesses: Sequence[Witness]
    authority: TimestampAuthority | None
    endorsements: Endorsements

    @classmethod
    def of(
        cls, chosen: settings.Notary, notary: Notary, proofs: Proofs, client: httpx2.AsyncClient
    ) -> Others:
        """Take those whom the settings name."""
        witnesses = [Witness(one, proofs, client) for one in chosen.witnesses]
        authority = None
        if chosen.timestamp_url and chosen.timestamp_ca_file:
            ca_file = chosen.timestamp_ca_file
            authority = TimestampAuthority(chosen.timestamp_url, ca_file, client)
        return cls(notary, witnesses, authority, Endorsements(proofs.pool))

    async def witness(self) -> None:
        """Have every new checkpoint cosigned; while that goes on, newer ones wait for the next."""
        seen = self.notary.seen
        missing = False
        while True:
            try:
                async with asyncio.timeout(WITNESS_AGAIN_S if missing else None):
                    await seen.news.wait()
            except TimeoutError:
                pass  # somebody did not cosign the last one
            seen.news.clear()
            if seen.published and self.witnesses:
                missing = not await self._cosigned(seen.published)

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
                except (TimestampFailed, LogUnavailable) as error:
                    log.warning("not_timestamped", because=str(error))
            await asyncio.sleep(every_s)

    async def _cosigned(self, published: Published) -> bool:
        """Ask all witnesses at once; tell whether all of them cosigned."""
        asked = [self._ask(witness, published) for witness in self.witnesses]
        signatures = [one for one in await asyncio.gather(*asked) if one]
        if signatures:
            note = Note.parse(published.note).with_signatures(signatures)
            try:
                await self.endorsements.cosigned(published, note)
            except LogUnavailable as error:
                log.warning("not_kept", because=str(error))
        return len(signatures) == len(self.witnesses)

    async def _ask(self, witness: Witness, published: Published) -> Signature | None:
        try:
            return await witness.cosign(published)
        except (WitnessFailed, ProofUnavailable, LogUnavailable) as error:
            log.warning("not_witnessed", because=str(error))
            return None


async def _announce(notary: Notary) -> None:
    """Say that it runs, where the log stands once that is known, and when it refuses appends."""
    readiness.announce()  # others need not wait until a long log is compared
    await notary.seen.begun.wait()
    log.info("serving", signed=notary.seen.size)
    told: str | None = None
    while True:
        refusing = notary.seen.refusing
        if refusing != told:
            log.error("refusing" if refusing else "recording_again", divergence=refusing or told)
            told = refusing
        await asyncio.sleep(1.0)


async def _audit(notary: Notary, every_s: float) -> None:
    """Verify the whole log at the start, and now and then, beside all else."""
    await notary.seen.begun.wait()
    while True:
        try:
            found = await notary.audit()
            log.info("audited", events=notary.seen.size, flaws=len(found))
        except Exception as error:
            if not passes(error):
                raise
            log.warning("not_audited", because=type(error).__name__)
        await asyncio.sleep(every_s)


def _count(chosen: settings.Metrics, notary: Notary) -> None:
    """Serve how it goes, if a port is given."""
    if chosen.at is None:
        return
    for gauge in (SIZE, LAG, REFUSING):
        REGISTRY.register(gauge)
    SIZE.set_function(lambda: notary.seen.size)
    LAG.set_function(lambda: notary.seen.lag_s)
    REFUSING.set_function(lambda: float(notary.seen.refusing is not None))
    metrics.serve(chosen)


async def _until(told: asyncio.Task[bool], tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait to be told to stop. Work that fails ends the process, and is begun again by whoever."""
    waiting = {told, *tasks}
    while not told.done():
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        waiting -= done
        if any(one.exception() for one in done):
            break
    for one in (told, *tasks):
        one.cancel()
    for end in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(end, Exception):
            raise end
