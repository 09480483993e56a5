"""Connections: when many stand, those over which nobody known has called make room.

gRPC bounds how many connections there are, of everybody together. Whoever opens as many and leaves
them idle would keep all others out; so beyond half of the bound the idle ones of strangers are
shut down, those of the address that has most of them first.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

import structlog

from services.api.interceptors.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

CHECK_S = 1.0
"""How often it is looked how many there are; a stranger has as long to say who it is."""

KNOWN_MAX = 100_000
"""Connections that are remembered as somebody's."""

OPEN_FILES = Path("/dev/fd")

log = structlog.get_logger()


class End(NamedTuple):
    """The other end of a connection."""

    address: str
    port: int


class Connections:
    """Knows over which connections somebody known has called, and shuts down others."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[str, None] = {}
        self._seen: frozenset[End] = frozenset()

    def know(self, peer: str) -> None:
        """Remember that somebody known has called over a connection, as gRPC names it."""
        if peer not in self._known:
            self._known[peer] = None
            if len(self._known) > KNOWN_MAX:
                del self._known[next(iter(self._known))]

    async def keep_making_room(self, port: int) -> None:
        """Look again and again whether there are too many at a port."""
        while True:
            await asyncio.sleep(CHECK_S)
            try:
                if len(_open_files()) > self._most // 2:
                    await asyncio.to_thread(self.make_room, port)
            except Exception:
                log.exception("connections_not_checked")

    def make_room(self, port: int) -> int:
        """Shut down what there is too much of; return how many connections."""
        standing = dict(_standing(port))
        known = {end for peer in list(self._known) if (end := end_of(peer)) in standing}
        strange = standing.keys() - known
        excess = len(standing) - self._most // 2
        shut = 0
        for end in _most_of_an_address_first(strange & self._seen)[: max(0, excess)]:
            shut += _shut_down(standing[end], end)
        self._seen = frozenset(strange)
        if shut:
            METRICS.turned_away["connections"] += shut
            log.warning("connections_shut_down", connections=shut)
        return shut


def _most_of_an_address_first(ends: AbstractSet[End]) -> list[End]:
    of_each = Counter(end.address for end in ends)
    return sorted(ends, key=lambda end: (-of_each[end.address], end))


def _standing(port: int) -> Iterator[tuple[End, int]]:
    """Yield the connections to a port of this process, and by which file."""
    for file in _open_files():
        opened = _duplicate(file)
        if opened is None:
            continue
        with closing(opened):
            end = _other_end(opened, port)
            if end is not None:
                yield end, file


def _shut_down(file: int, end: End) -> bool:
    """Shut a connection down, if the file still is that connection."""
    opened = _duplicate(file)
    if opened is None:
        return False
    with closing(opened):
        try:
            if _plain(*opened.getpeername()[:2]) != end:
                return False
            opened.shutdown(socket.SHUT_RDWR)
        except OSError:
            return False
    return True


def _duplicate(file: int) -> socket.socket | None:
    """Return a socket of one's own for a file, which may be closed or used anew at any moment."""
    try:
        copy = os.dup(file)
    except OSError:
        return None
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        return None


def _other_end(opened: socket.socket, port: int) -> End | None:
    try:
        if opened.family not in {socket.AF_INET, socket.AF_INET6}:
            return None
        if opened.getsockname()[1] != port:
            return None
        return _plain(*opened.getpeername()[:2])
    except OSError:  # it listens, or is gone
        return None


def end_of(peer: str) -> End | None:
    """Return the end that gRPC names, such as `ipv4:<address>:<port>`."""
    address, _, port = unquote(peer).partition(":")[2].rpartition(":")
    try:
        return _plain(address.strip("[]"), int(port))
    except ValueError:
        return None


def _plain(address: str, port: int) -> End:
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return End(str(found), port)


def _open_files() -> list[int]:
    return [int(one.name) for one in OPEN_FILES.iterdir()]
