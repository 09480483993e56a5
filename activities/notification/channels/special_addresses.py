"""Addresses that lead to no host out there: IANA's special-purpose registries as our own table.

What Python's `ipaddress` knows of them changes with its patch level. A webhook goes to none of
these blocks, also not to those that are globally reachable: they are anycast services and sinks.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

REGISTRIES_OF: Final = "2025-10-09"
"""When IANA last changed the registries that the two tables are taken from:
iana.org/assignments/iana-ipv4-special-registry and …/iana-ipv6-special-registry (RFC 6890).
Their files `iana-ipv4-special-registry-1.csv` and `iana-ipv6-special-registry-1.csv` then have
the SHA-256 e3e39e76d00b1677335db8e9a805c7b9480ea2f4dc9e33f0b93cd3a905128d73 and
775feea0621dec8735a44fbf30f762e721e8f0a1b3ab7eb341961a88cfce2139: others are newer."""

SPECIAL_IPV4: Final = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private use
        "100.64.0.0/10",  # shared by a provider's customers
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local
        "172.16.0.0/12",  # private use
        "192.0.0.0/24",  # IETF protocol assignments, and the eight blocks in it
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # multicast tunnels
        "192.88.99.0/24",  # 6to4 and 6a44 relays
        "192.168.0.0/16",  # private use
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "240.0.0.0/4",  # reserved, and the limited broadcast in it
        "224.0.0.0/4",  # multicast: has a registry of its own
    )
)

SPECIAL_IPV6: Final = tuple(
    IPv6Network(block)
    for block in (
        "::/128",  # unspecified
        "::1/128",  # loopback
        "::ffff:0:0/96",  # IPv4-mapped: `inner_address` looks inside first
        "64:ff9b::/96",  # translated to IPv4: `inner_address` looks inside first
        "64:ff9b:1::/48",  # translated to IPv4, as a site likes
        "100::/64",  # discarded
        "100:0:0:1::/64",  # dummy
        "2001::/23",  # IETF protocol assignments, Teredo, ORCHID and the others in it
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fc00::/7",  # unique local
        "fe80::/10",  # link-local
        "::/96",  # IPv4-compatible, deprecated (RFC 4291, 2.5.5.1)
        "fec0::/10",  # site-local, deprecated (RFC 3879)
        "ff00::/8",  # multicast: has a registry of its own
    )
)

GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
"""All of IPv6 that IANA has given out (RFC 4291, 2.4)."""

TRANSLATED: Final = IPv6Network("64:ff9b::/96")
"""Where a translator reaches IPv4 from a network without it (RFC 6052, 2.1)."""


def is_public(address: str) -> bool:
    """Tell whether an address leads to one host out there, and to none in here by a tunnel."""
    found = inner_address(ip_address(address))
    if isinstance(found, IPv4Address):
        return not any(found in block for block in SPECIAL_IPV4)
    return found in GLOBAL_UNICAST and not any(found in block for block in SPECIAL_IPV6)


def inner_address(found: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 address only writes down, else the address itself."""
    if isinstance(found, IPv6Address) and (found.ipv4_mapped or found in TRANSLATED):
        return IPv4Address(int(found) & 0xFFFF_FFFF)
    return found
