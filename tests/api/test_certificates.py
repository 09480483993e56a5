"""Certificates: the service shows one, and callers may be known by theirs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import trustme
from muster.v1 import incident_service_pb2
from pydantic import ValidationError

from services.client import connected
from services.settings import Api, Tls
from tests.api.conftest import running, settings_of
from tests.api.errors import refused

if TYPE_CHECKING:
    from tests.conftest import Database

GET = incident_service_pb2.GetIncidentRequest


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    """Make an authority, and the service's certificate."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return authority


def tls(folder: Path, *, mutual: bool) -> Tls:
    authority = folder / "ca.pem" if mutual else None
    return Tls(cert_file=folder / "cert.pem", key_file=folder / "key.pem", client_ca_file=authority)


def trusting(authority: trustme.CA, leaf: trustme.LeafCert | None = None) -> Any:
    return grpc.ssl_channel_credentials(
        authority.cert_pem.bytes(),
        leaf.private_key_pem.bytes() if leaf else None,
        leaf.cert_chain_pems[0].bytes() if leaf else None,
    )


async def test_a_token_is_taken_over_tls(
    database: Database, tmp_path: Path, authority: trustme.CA
) -> None:
    chosen = settings_of(database, tmp_path, host="localhost", tls=tls(tmp_path, mutual=False))
    async with running(chosen) as service:
        secure = connected(service.address, "operator", credentials=trusting(authority))
        async with secure as client:
            async with refused() as told:
                await client.incidents.GetIncident(GET(), timeout=10)
            assert told.reason == "FIELD_INVALID"


async def test_a_certificate_says_who_calls(
    database: Database, tmp_path: Path, authority: trustme.CA
) -> None:
    chosen = settings_of(database, tmp_path, host="localhost", tls=tls(tmp_path, mutual=True))
    tokens = json.loads(chosen.api.tokens_file.read_text())
    device = {"certificate": "detector-7.example", "actor": "detector-7", "roles": ["device"]}
    tokens["tokens"].append(device)
    chosen.api.tokens_file.write_text(json.dumps(tokens))
    async with running(chosen) as service:
        known = trusting(authority, authority.issue_cert("detector-7.example"))
        async with connected(service.address, credentials=known) as client:
            async with refused() as told:
                await client.incidents.GetIncident(GET(), timeout=10)
            assert (told.reason, told.metadata["actor"]) == ("ROLE_NOT_ALLOWED", "detector-7")
        stranger = trusting(authority, authority.issue_cert("somebody.example"))
        async with connected(service.address, credentials=stranger) as client:
            async with refused() as told:
                await client.incidents.GetIncident(GET(), timeout=10)
            assert told.reason == "UNAUTHENTICATED"


async def test_without_a_certificate_nobody_comes_in_where_one_is_asked_for(
    database: Database, tmp_path: Path, authority: trustme.CA
) -> None:
    chosen = settings_of(database, tmp_path, host="localhost", tls=tls(tmp_path, mutual=True))
    async with running(chosen) as service:
        bare = connected(service.address, "operator", credentials=trusting(authority))
        async with bare as client:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await client.incidents.GetIncident(GET(), timeout=1)
    assert caught.value.code() in {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
    }


def test_without_tls_nobody_is_served_from_outside() -> None:
    with pytest.raises(ValidationError, match="loopback"):
        Api(host="0.0.0.0")  # noqa: S104 - which is what must fail
