"""Timestamps of RFC 3161: an authority says that a checkpoint was there at a time."""

from __future__ import annotations

from pathlib import Path

import httpx2
from cryptography.x509 import load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from services.notary.bounded_http import NoAnswer, post

QUERY = "application/timestamp-query"
TIMEOUT_S = 10.0
TOKEN_BYTES_MAX = 64 * 1024
"""A token with its certificates has a few thousand."""


class TimestampFailed(Exception):
    """There is no token, or none that can be believed; the text says why."""


class TimestampAuthority:
    """Asks an authority, and believes what its certificates lead to."""

    def __init__(self, url: str, ca_file: Path, client: httpx2.AsyncClient) -> None:
        self._url = url
        self._roots = load_pem_x509_certificates(ca_file.read_bytes())
        self._client = client

    async def stamp(self, content: bytes) -> bytes:
        """Return an authority's whole answer about some bytes, verified. Raises TimestampFailed."""
        asked = TimestampRequestBuilder().data(content).hash_algorithm(HashAlgorithm.SHA256).build()
        headers = {"content-type": QUERY}
        try:
            answer = await post(
                self._client,
                self._url,
                asked.as_bytes(),
                timeout_s=TIMEOUT_S,
                bytes_max=TOKEN_BYTES_MAX,
                headers=headers,
            )
        except NoAnswer as error:
            raise TimestampFailed(f"{self._url}: {error}") from error
        if answer.status != httpx2.codes.OK:
            raise TimestampFailed(f"{self._url} answers {answer.status}")
        builder = VerifierBuilder.from_request(asked)
        for root in self._roots:
            builder = builder.add_root_certificate(root)
        try:
            builder.build().verify_message(decode_timestamp_response(answer.body), content)
        except (VerificationError, ValueError) as error:
            raise TimestampFailed(f"{self._url}: {error}") from error
        return answer.body
