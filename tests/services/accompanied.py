"""A notary with those who are asked to say that they saw a checkpoint."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import httpx2

from eventstore.notary.evidence import named
from eventstore.proofs.proofs import Proofs
from eventstore.tlog.note import Signer
from services.notary.cosigners import Cosigners
from services.runtime.settings.settings import Notary as Chosen
from services.runtime.settings.settings import Witness as ChosenWitness
from tests.eventstore.notarising import SIGNER, notarising
from tests.services.others import Witness

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from eventstore.notary.notary import Notary
    from tests.conftest import Database

WITNESS = Signer("witness.example", bytes(range(64, 96)))
OTHER = Signer("other.example", bytes(range(96, 128)))


@asynccontextmanager
async def accompanied(database: Database, chosen: Chosen) -> AsyncIterator[Notary]:
    """Run a notary, its witnesses and its authority as the process does."""
    async with AsyncExitStack() as stack:
        alone = not chosen.witnesses_required
        running = notarising(database.dsn, chosen.folder, counts_alone=alone)
        notary = await stack.enter_async_context(running)
        proofs = await Proofs.open(database.dsn)
        stack.push_async_callback(proofs.close)
        client = await stack.enter_async_context(httpx2.AsyncClient())
        others = Cosigners.of(chosen, notary, proofs, client)
        tasks = [
            asyncio.create_task(others.witness()),
            asyncio.create_task(others.stamp(chosen.timestamp_every_seconds)),
        ]
        yield notary
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert not [end for end in ends if isinstance(end, Exception)]


def witness_of(signer: Signer = WITNESS) -> Witness:
    """Make a witness who knows the log's first two lineages."""
    lineages = [named(SIGNER, number).verifier for number in (1, 2)]
    return Witness(signer, {one.name: one for one in lineages})


def chosen_of(folder: Path, *witnesses: tuple[str, Signer], **more: float) -> Chosen:
    """Return the settings of a notary with witnesses."""
    asked = [ChosenWitness(url=url, key=signer.cosigner.vkey) for url, signer in witnesses]
    return Chosen.model_validate({"folder": folder, "witnesses": asked, **more})


def showing(chosen: Chosen) -> Chosen:
    """Return the settings with the addresses where the witnesses show their checkpoints."""
    shown = [
        one.model_copy(update={"checkpoint_url": f"{one.url}checkpoint"})
        for one in chosen.witnesses
    ]
    return chosen.model_copy(update={"witnesses": tuple(shown)})
