"""Certificates: the service's own, which follow their files, and those that callers show."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

if TYPE_CHECKING:
    from pathlib import Path

    from services.runtime.settings.settings import Tls

CERTIFICATES_REMEMBERED = 4_096
"""Client certificates that were parsed, so that each is only once."""

log = structlog.get_logger()


class Certificate(NamedTuple):
    """What tells a client's certificate from all others."""

    sha256: str
    serial: int

    @staticmethod
    @lru_cache(CERTIFICATES_REMEMBERED)
    def of(pem: bytes) -> Certificate:
        """Read a certificate that a connection was opened with."""
        parsed = x509.load_pem_x509_certificate(pem)
        return Certificate(parsed.fingerprint(SHA256()).hex(), parsed.serial_number)


def credentials(tls: Tls) -> grpc.ServerCredentials:
    """Return credentials that follow the files, so that certificates are renewed while serving.

    Each new connection is judged by the files as they are then, the authority of clients too.
    """
    files = [one for one in (tls.cert_file, tls.key_file, tls.client_ca_file) if one is not None]
    seen = _state(files)

    def renewed() -> Any:  # None when nothing changed, which the types don't know
        nonlocal seen
        try:
            now = _state(files)
            if now == seen:
                return None
            loaded = _load(tls)
        except OSError as error:
            log.error("certificates_not_reloaded", problem=str(error))  # noqa: TRY400 - no defect
            return None
        seen = now
        log.info("certificates_reloaded")
        return loaded

    return grpc.dynamic_ssl_server_credentials(
        _load(tls), renewed, require_client_authentication=tls.client_ca_file is not None
    )


def _load(tls: Tls) -> grpc.ServerCertificateConfiguration:
    authority = tls.client_ca_file.read_bytes() if tls.client_ca_file else None
    pair = (tls.key_file.read_bytes(), tls.cert_file.read_bytes())
    return grpc.ssl_server_certificate_configuration([pair], root_certificates=authority)


def _state(files: list[Path]) -> list[tuple[int, int]]:
    return [((found := file.stat()).st_mtime_ns, found.st_ino) for file in files]
