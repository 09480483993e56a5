"""An address of several servers, split into one for each."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

ROLE_WANTED = "target_session_attrs"
"""What libpq chooses a server by; we want the primary, whatever it says."""


def addresses(dsn: str) -> list[str]:
    """Return the address of each server that a DSN names, in its order.

    `postgresql://user@a:5432,b:5432/muster` and `postgresql:///muster?host=a,b&port=5432,5433` are
    both understood, as libpq does. A DSN of one server is returned as it is.
    """
    parts = urlsplit(dsn)
    query = {name: text for name, text in parse_qsl(parts.query) if name != ROLE_WANTED}
    account, at, servers = parts.netloc.rpartition("@")
    if not servers and "," in query.get("host", ""):
        hosts = query["host"].split(",")
        return [
            _address(parts, parts.netloc, {**query, "host": host, **_port(query, number)})
            for number, host in enumerate(hosts)
        ]
    if "," not in servers:
        return [dsn]
    return [
        _address(parts, f"{account}{at}{server}", {**query, **_port(query, number)})
        for number, server in enumerate(servers.split(","))
    ]


def place_of(address: str) -> str:
    """Return host and port of a server's address, for people: without user, password, database."""
    parts = urlsplit(address)
    query = dict(parse_qsl(parts.query))
    server = parts.netloc.rpartition("@")[2] or query.get("host", "localhost")
    port = query.get("port")
    return f"{server}:{port}" if port else server


def _address(parts: SplitResult, netloc: str, query: Mapping[str, str]) -> str:
    return urlunsplit(parts._replace(netloc=netloc, query=urlencode(query)))


def _port(query: Mapping[str, str], number: int) -> dict[str, str]:
    """Return the port of one of the servers: one for all, or one for each."""
    ports = query.get("port", "").split(",")
    port = ports[min(number, len(ports) - 1)]
    return {"port": port} if port else {}
