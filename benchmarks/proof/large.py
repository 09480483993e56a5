"""A large case: how long it takes to export it, and to verify what was exported."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

from benchmarks.folding import lived
from domain.decider import CommandEnvelope, decode
from domain.record.export import EXPORTS, CaseExported, ExportCase
from domain.values import HANDS, IncidentId
from eventstore.bundle.writer import Export, write
from eventstore.heads.prover import HeadProver, Signed
from eventstore.log.log import Log
from eventstore.log.system_log import ExportLog
from eventstore.notary.notary import Notary
from eventstore.postgres.migrations import migrate
from eventstore.proofs.proofs import Proofs
from eventstore.proofs.stored_checkpoint import StoredCheckpoint
from eventstore.recorder.recorder import Recorder
from eventstore.tlog.checkpoint import heads_of
from tests.bundle.synthetic import LOG
from tests.bundle.verifiers import VERIFY
from tests.postgres import temporary_cluster

ROUNDS = 3
LOOK_S = 0.02


async def large(events: int) -> dict[str, Any]:
    """Return the seconds of an export, the signature over it included, and of verifying it."""
    exported, verified = list[float](), list[tuple[float, float]]()
    with temporary_cluster() as cluster, tempfile.TemporaryDirectory() as place:
        await migrate(cluster.dsn())
        dsn = cluster.dsn(user="muster_runtime")
        async with AsyncExitStack() as held:
            log = await Log.open(dsn)
            held.push_async_callback(log.close)
            proofs = await Proofs.open(dsn)
            held.push_async_callback(proofs.close)
            exports = ExportLog(dsn, proofs.pool)
            notary = asyncio.ensure_future(Notary(dsn, Path(place) / "notary", LOG, proofs).run())
            held.callback(notary.cancel)
            incident = str(uuid4())
            await lived(log, incident, events)
            await _signed(proofs, events)
            for number in range(ROUNDS):
                folder = Path(place) / str(number)
                begun = time.perf_counter()
                await _export(log, exports, proofs, incident, folder)
                exported.append(time.perf_counter() - begun)
                verified.append(_verify(folder))
    seconds, of_cpu = (median(each) for each in zip(*verified, strict=True))
    size = {"case_events": events, "rounds": ROUNDS}
    return {"export_s": median(exported), "verify_s": seconds, "verify_cpu_s": of_cpu, **size}


async def _export(
    log: Log, exports: ExportLog, proofs: Proofs, incident: str, folder: Path
) -> None:
    command = uuid4()
    name = str(command)
    recorder = Recorder(exports, EXPORTS, clock=lambda: datetime.now(UTC))
    await recorder.record(
        name, CommandEnvelope(ExportCase(incident=IncidentId(incident)), command, HANDS)
    )
    (event,) = [one async for page in exports.read_stream(EXPORTS.stream(name)) for one in page]
    exported = decode(EXPORTS, event.type, event.schema_version, event.data)
    assert isinstance(exported, CaseExported), "it was just recorded"
    latest = await _signed(proofs, event.position)
    root = heads_of(latest.note)
    assert root is not None, "this notary signs a map"
    signed = Signed(latest.lineage, latest.size, root)
    head = await HeadProver(proofs.pool).stream(signed, f"incident/{incident}")
    key = LOG.verifier.vkey
    export = Export(name, incident, exported.spans, latest, key, head=head)
    async for part in write(log, proofs, export):
        file = folder / part.path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab") as writing:
            writing.write(part.content)


async def _signed(proofs: Proofs, position: int) -> StoredCheckpoint:
    while True:
        latest = await proofs.latest()
        if latest is not None and latest.size >= position:
            return latest
        await asyncio.sleep(LOOK_S)


def _verify(folder: Path) -> tuple[float, float]:
    """Return how long the verifier takes as a process of its own, and of that on a processor."""
    command = [sys.executable, "-I", "-S", str(VERIFY), str(folder), "--key", LOG.verifier.vkey]
    begun, before = time.perf_counter(), os.times()
    subprocess.run(command, check=True, capture_output=True)
    took, after = time.perf_counter() - begun, os.times()
    spent = after.children_user + after.children_system
    return took, spent - before.children_user - before.children_system
