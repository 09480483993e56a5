"""A large case: how long it takes to export it, and to verify what was exported."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from benchmarks.folding import lived
from domain.aggregate import Asked
from domain.record.export import EXPORTS, CaseExported, ExportCase, Span
from domain.values import HANDS, IncidentId
from eventstore.bundle.writing import Export, write
from eventstore.log import Log
from eventstore.migrations import migrate
from eventstore.notary import Notary
from eventstore.proofs import Kept, Proofs
from eventstore.recorder import Recorder
from tests.bundle.synthetic import LOG
from tests.bundle.verifiers import VERIFY
from tests.postgres import temporary_cluster

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.values import Command

ROUNDS = 3
LOOK_S = 0.02


async def large(events: int) -> dict[str, Any]:
    """Return the seconds of an export, the signature over it included, and of verifying it."""
    exported, verified = list[float](), list[float]()
    with temporary_cluster() as cluster, tempfile.TemporaryDirectory() as place:
        await migrate(cluster.dsn())
        dsn = cluster.dsn(user="muster_runtime")
        async with AsyncExitStack() as held:
            log = await Log.open(dsn)
            held.push_async_callback(log.close)
            proofs = await Proofs.open(dsn)
            held.push_async_callback(proofs.close)
            notary = asyncio.ensure_future(Notary(dsn, Path(place) / "notary", LOG, proofs).run())
            held.callback(notary.cancel)
            incident = str(uuid4())
            await lived(log, incident, events)
            await _signed(proofs, events)
            for number in range(ROUNDS):
                folder = Path(place) / str(number)
                begun = time.perf_counter()
                await _export(log, proofs, incident, folder)
                exported.append(time.perf_counter() - begun)
                verified.append(_verify(folder))
    size = {"case_events": events, "rounds": ROUNDS}
    return {"export_s": median(exported), "verify_s": median(verified), **size}


async def _export(log: Log, proofs: Proofs, incident: str, folder: Path) -> None:
    name = str(uuid4())

    async def found(_state: object, _command: Command) -> Sequence[Span]:
        stream, last = f"incident/{incident}", None
        async for page in log.read_stream(stream):
            last = page[-1]
        assert last is not None, "the incident was lived"
        return (Span(stream=stream, first=1, last=last.version, hash=last.hash.hex()),)

    recorder = Recorder(log, EXPORTS, clock=lambda: datetime.now(UTC), surroundings=found)
    await recorder.record(name, Asked(ExportCase(incident=IncidentId(incident)), uuid4(), HANDS))
    known = await recorder.known(name)
    exported = known.state.exported
    assert isinstance(exported, CaseExported), "it was just recorded"
    latest = await _signed(proofs, known.position)
    export = Export(name, incident, exported.spans, latest, LOG.verifier.vkey)
    async for part in write(log, proofs, export):
        file = folder / part.path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab") as writing:
            writing.write(part.content)


async def _signed(proofs: Proofs, position: int) -> Kept:
    while True:
        latest = await proofs.latest()
        if latest is not None and latest.size >= position:
            return latest
        await asyncio.sleep(LOOK_S)


def _verify(folder: Path) -> float:
    """Return how long the verifier takes, as a process of its own."""
    command = [sys.executable, "-I", "-S", str(VERIFY), str(folder), "--key", LOG.verifier.vkey]
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun
