"""Where a call comes from, as far as it is counted: it is in no log and no metric."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple
from urllib.parse import unquote

IPV6_PREFIX = 64
"""Bits of an address that one customer of a network has for themselves, and more."""


class Peer(NamedTuple):
    """The other end of a connection."""

    key: str
    """What its calls are counted by: an IPv4 address, an IPv6 network, or else one for all."""
    is_local: bool
    """Whether it is on this machine."""


def peer_of(said: str) -> Peer:
    """Return the peer that gRPC names, such as `ipv4:<address>:<port>`."""
    kind, _, place = unquote(said).partition(":")
    if kind == "unix":
        return Peer("unix", is_local=True)
    try:
        address = ipaddress.ip_address(place.rpartition(":")[0].strip("[]").partition("%")[0])
    except ValueError:
        return Peer("unknown", is_local=False)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if address.is_loopback or address.version == 4:  # noqa: PLR2004 - as it is called
        return Peer(str(address), address.is_loopback)
    return Peer(str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False)), is_local=False)
