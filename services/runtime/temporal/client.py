"""Reaching Temporal: a server of one's own, or Temporal Cloud."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog
from temporalio.client import Client
from temporalio.service import GrpcCompression, RPCError, TLSConfig

from eventstore.postgres.backoff import Backoff
from workflows.converter import DATA_CONVERTER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from services.runtime.settings.settings import Temporal

RETRY = Backoff(first_s=0.1, longest_s=5.0)

REST_S = 0.2
"""How long its client's threads may take to come to rest."""

log = structlog.get_logger()


async def connect(settings: Temporal) -> Client:
    """Connect, however long Temporal is away. Raises OSError for a certificate that isn't there."""
    for pause in pauses():
        try:
            return await connect_once(settings)
        except (RuntimeError, RPCError) as error:
            log.warning("temporal is away", at=settings.address, because=str(error))
        await asyncio.sleep(pause)
    raise AssertionError  # pauses() never ends


async def connect_once(settings: Temporal) -> Client:
    """Connect, if Temporal is there. Raises RuntimeError or RPCError; OSError as above."""
    key = settings.api_key
    return await Client.connect(
        settings.address,
        namespace=settings.namespace,
        tls=_tls(settings),
        api_key=key.get_secret_value() if key else None,
        data_converter=DATA_CONVERTER,
        grpc_compression=GrpcCompression.NONE,  # it costs more than the loopback does
    )


async def come_to_rest() -> None:
    """Wait for the client's own threads: one that still answers while Python ends aborts it.

    A fault of the client (sdk-python 300), seen once in a few ends of a busy process.
    """
    await asyncio.sleep(REST_S)


def pauses() -> Iterator[float]:
    """Return how long to wait before each next attempt, endlessly."""
    return RETRY.pauses()


def _tls(settings: Temporal) -> TLSConfig | bool:
    if not (settings.tls or settings.api_key or settings.client_cert_file):
        return False
    return TLSConfig(
        server_root_ca_cert=_read(settings.server_ca_file),
        domain=settings.server_name,
        client_cert=_read(settings.client_cert_file),
        client_private_key=_read(settings.client_key_file),
    )


def _read(file: Path | None) -> bytes | None:
    return None if file is None else file.read_bytes()
