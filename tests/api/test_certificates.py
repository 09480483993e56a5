"""Certificates: the service shows one, and callers may be known by theirs."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from muster.v1 import incident_service_pb2, incident_service_pb2_grpc
from pydantic import ValidationError

from services.client.client import connected, reason_of
from services.runtime.settings.settings import Api, Tls
from tests.api.conftest import running, settings_of
from tests.api.errors import refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.api.conftest import Service
    from tests.conftest import Database

ENDS_AT_LAST_S = 20.0
"""On a busy machine."""


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


async def called(service: Service, credentials: Any) -> str | None:
    """Call over a new connection; return why it was refused, or how it failed."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.secure_channel(service.address, credentials, options) as channel:
        stub = incident_service_pb2_grpc.IncidentServiceStub(channel)
        try:
            await stub.GetIncident(GET(), timeout=2)
        except grpc.aio.AioRpcError as error:
            return reason_of(error) or error.code().name
    return None


@pytest.fixture
async def mutual(
    database: Database,
    tmp_path: Path,
    authority: trustme.CA,  # noqa: ARG001 - its files must be there
) -> AsyncIterator[Service]:
    """Run a service that asks callers for certificates."""
    chosen = settings_of(database, tmp_path, host="localhost", tls=tls(tmp_path, mutual=True))
    known = [
        {"certificate": f"{name}.example", "actor": name, "roles": ["auditor"]}
        for name in ("first", "second")
    ]
    chosen.api.tokens_file.write_text(json.dumps({"tokens": known}))
    async with running(chosen) as service:
        yield service


async def test_a_changed_authority_of_clients_is_taken_while_serving(
    mutual: Service, tmp_path: Path, authority: trustme.CA
) -> None:
    another = trustme.CA()
    old = authority.issue_cert("first.example")
    new = another.issue_cert("second.example")
    assert await called(mutual, trusting(authority, old)) == "FIELD_INVALID"
    assert await called(mutual, trusting(authority, new)) in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}
    (tmp_path / "ca.part").write_bytes(another.cert_pem.bytes())
    (tmp_path / "ca.part").replace(tmp_path / "ca.pem")
    assert await called(mutual, trusting(authority, new)) == "FIELD_INVALID"
    assert await called(mutual, trusting(authority, old)) in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}


@pytest.mark.parametrize("by", ["sha256", "serial"])
async def test_a_revoked_certificate_ends_its_open_watch_and_opens_none(
    mutual: Service, authority: trustme.CA, by: str
) -> None:
    stolen, other = authority.issue_cert("first.example"), authority.issue_cert("second.example")
    parsed = x509.load_pem_x509_certificate(stolen.cert_chain_pems[0].bytes())
    named = {
        "sha256": parsed.fingerprint(SHA256()).hex(),
        "serial": f"{parsed.serial_number:x}",
    }[by]
    async with connected(mutual.address, credentials=trusting(authority, stolen)) as client:
        steps = client.incidents.WatchIncidents(incident_service_pb2.WatchIncidentsRequest())
        await steps.read()
        file = mutual.settings.api.tokens_file
        held = json.loads(file.read_text())
        file.write_text(json.dumps(held | {"revoked_certificates": [{by: named}]}))
        async with asyncio.timeout(ENDS_AT_LAST_S), refused() as told:
            await steps.read()
        assert told.reason == "UNAUTHENTICATED"
    assert await called(mutual, trusting(authority, stolen)) == "UNAUTHENTICATED"
    assert await called(mutual, trusting(authority, other)) == "FIELD_INVALID"


def test_without_tls_nobody_is_served_from_outside() -> None:
    with pytest.raises(ValidationError, match="loopback"):
        Api(host="0.0.0.0")  # noqa: S104 - which is what must fail
