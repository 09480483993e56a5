"""The notary: signs checkpoints of the log, and has witnesses cosign them."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import httpx2
import structlog
from prometheus_client import REGISTRY, Gauge

from eventstore.notary.notary import Notary
from eventstore.postgres.errors import LogUnavailable, is_transient
from eventstore.postgres.migrations import check
from eventstore.proofs.proofs import Proofs
from eventstore.tlog.note import NoteInvalid, Signer
from services.notary.cosigners import Cosigners
from services.runtime import metrics, readiness
from services.runtime.clocks import clock_metrics, clock_watch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from services.runtime.settings import settings
    from services.runtime.settings.settings import Settings

SECRET = 0o600
SIZE = Gauge("muster_notary_size", "Events that are signed.", registry=None)
LAG = Gauge(
    "muster_notary_lag_seconds", "How long an event waited for its checkpoint.", registry=None
)
REFUSING = Gauge(
    "muster_notary_refusing", "1 while nothing is recorded, as the log diverged.", registry=None
)

FOLDER_LACKING = Gauge(
    "muster_notary_folder_lacking",
    "1 while nothing is signed, as the folder lacks what was signed before.",
    registry=None,
)
SWEPT = Gauge(
    "muster_notary_swept_seconds",
    "How long ago the last whole sweep began: what is stored was verified since. NaN before.",
    registry=None,
)
WITNESSES_MISSING = Gauge(
    "muster_notary_witnesses_missing",
    "Witnesses that are asked and did not cosign the newest checkpoint.",
    registry=None,
)
QUORUM_MISSING = Gauge(
    "muster_notary_quorum_missing_seconds",
    "How long checkpoints have not counted, as too few witnesses cosigned them.",
    registry=None,
)

log = structlog.get_logger()


class KeyUnusable(Exception):
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
        notary = Notary(
            dsn,
            chosen.folder,
            signer,
            proofs,
            pause_s=chosen.pause_seconds,
            counts_alone=not chosen.witnesses_required,
        )
        watch = clock_watch.watched_by_notary(settings, clock_metrics.show)
        await opened.enter_async_context(watch)
        others = Cosigners.of(chosen, notary, proofs, client)
        _count(settings.metrics, notary, others)
        works = [notary.run(), _announce(notary), _audit(notary, chosen.audit_every_seconds)]
        works += [others.witness(), others.stamp(chosen.timestamp_every_seconds)]
        works += [notary.inspection.sweep(chosen.sweep_seconds)]
        tasks = [asyncio.create_task(work) for work in works]
        told = asyncio.create_task(stopping.wait())
        await _until(told, tasks)


def read_key(file: Path) -> Signer:
    """Read the signing key. Raises KeyUnusable."""
    try:
        return Signer.parse(file.read_text(encoding="utf-8"))
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
    with os.fdopen(descriptor, "w", encoding="utf-8") as writing:
        writing.write(f"{signer.skey}\n")
    return signer


async def _announce(notary: Notary) -> None:
    """Say that it runs, where the log stands once that is known, and when it refuses to go on."""
    readiness.announce()  # others need not wait until a long log is compared
    await notary.seen.begun.wait()
    log.info("serving", signed=notary.seen.size)
    refusing: str | None = None
    lacking: str | None = None
    while True:
        seen = notary.seen
        if seen.refusing != refusing:
            what = "refusing" if seen.refusing else "recording_again"
            log.error(what, divergence=seen.refusing or refusing)
        if seen.lacking != lacking:
            what = "folder_lacking" if seen.lacking else "signing_again"
            log.error(what, divergence=seen.lacking or lacking)
        refusing, lacking = seen.refusing, seen.lacking
        await asyncio.sleep(1.0)


async def _audit(notary: Notary, every_s: float) -> None:
    """Verify the whole log at the start, and now and then, beside all else."""
    await notary.seen.begun.wait()
    while True:
        try:
            found = await notary.inspection.whole()
            log.info("audited", events=notary.seen.size, flaws=len(found))
        except Exception as error:
            if not (isinstance(error, LogUnavailable) or is_transient(error)):
                raise
            log.warning("not_audited", because=type(error).__name__)
        await asyncio.sleep(every_s)


def _count(chosen: settings.Metrics, notary: Notary, others: Cosigners) -> None:
    """Serve how it goes, if a port is given."""
    if chosen.at is None:
        return
    gauges = (SIZE, LAG, REFUSING, FOLDER_LACKING, SWEPT, WITNESSES_MISSING, QUORUM_MISSING)
    for gauge in gauges:
        REGISTRY.register(gauge)
    SIZE.set_function(lambda: notary.seen.size)
    LAG.set_function(lambda: notary.seen.lag_s)
    REFUSING.set_function(lambda: float(notary.seen.refusing is not None))
    FOLDER_LACKING.set_function(lambda: float(notary.seen.lacking is not None))
    SWEPT.set_function(lambda: _ago(notary.seen.swept_at, math.nan))
    WITNESSES_MISSING.set_function(lambda: len(others.missing))
    QUORUM_MISSING.set_function(lambda: _ago(others.short_since, 0.0))
    metrics.serve(chosen)


def _ago(since: float | None, never: float) -> float:
    return never if since is None else time.monotonic() - since


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
