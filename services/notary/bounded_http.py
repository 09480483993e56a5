"""Asking a server of somebody else's over HTTP, and taking only as much as an answer may have."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import httpx2

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractAsyncContextManager


class NoAnswer(Exception):
    """A server gave no answer that can be used; the text says why, and names no server."""


class Answer(NamedTuple):
    """What a server said."""

    status: int
    body: bytes


async def post(  # noqa: PLR0913 - what is asked, and what it may take
    client: httpx2.AsyncClient,
    url: str,
    content: bytes,
    *,
    timeout_s: float,
    bytes_max: int,
    headers: Mapping[str, str] = {},
) -> Answer:
    """Post, and read an answer as it comes: not longer than so, not unpacked. Raises NoAnswer."""
    said = {**headers, "Accept-Encoding": "identity"}
    asking = client.stream("POST", url, content=content, headers=said, timeout=None)
    return await _answer(asking, timeout_s, bytes_max)


async def get(client: httpx2.AsyncClient, url: str, *, timeout_s: float, bytes_max: int) -> Answer:
    """Fetch, within the same bounds. Raises NoAnswer."""
    said = {"Accept-Encoding": "identity"}
    return await _answer(
        client.stream("GET", url, headers=said, timeout=None), timeout_s, bytes_max
    )


async def _answer(
    asking: AbstractAsyncContextManager[httpx2.Response], timeout_s: float, bytes_max: int
) -> Answer:
    body = bytearray()
    try:
        async with asyncio.timeout(timeout_s), asking as answer:
            async for part in answer.aiter_raw():
                body += part
                if len(body) > bytes_max:
                    raise NoAnswer(f"its answer has more than {bytes_max} bytes")
            return Answer(answer.status_code, bytes(body))
    except TimeoutError:
        raise NoAnswer(f"no answer within {timeout_s:g} s") from None
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise NoAnswer(type(error).__name__) from error
