"""Where webhooks must not go: each block of the registries, whole, and nothing beside it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

import pytest

from activities.notification.channels.special_addresses import (
    GLOBAL_UNICAST,
    SPECIAL_IPV4,
    SPECIAL_IPV6,
    is_public,
)

REGISTERED = [
    *("0.0.0.0/8", "0.0.0.0/32", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
    *("172.16.0.0/12", "192.0.0.0/24", "192.0.0.0/29", "192.0.0.8/32", "192.0.0.9/32"),
    *("192.0.0.10/32", "192.0.0.170/32", "192.0.0.171/32", "192.0.2.0/24", "192.31.196.0/24"),
    *("192.52.193.0/24", "192.88.99.0/24", "192.88.99.2/32", "192.168.0.0/16", "192.175.48.0/24"),
    *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "255.255.255.255/32"),
    *("::1/128", "::/128", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64"),
    "100:0:0:1::/64",
    *("2001::/23", "2001::/32", "2001:1::1/128", "2001:1::2/128", "2001:1::3/128", "2001:2::/48"),
    *("2001:3::/32", "2001:4:112::/48", "2001:10::/28", "2001:20::/28", "2001:30::/28"),
    *("2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "5f00::/16", "fc00::/7"),
    "fe80::/10",
]
"""All blocks of IANA's two registries, written down apart from the tables and compared with the
registries' files: 26 of IPv4 in 25 rows, 25 of IPv6."""

LOOKED_INTO = {"::ffff:0:0/96", "64:ff9b::/96"}
"""Refused or not as the IPv4 address in them is."""

BESIDE_THEM = ["224.0.0.0/4", "::/96", "fec0::/10", "ff00::/8"]
INSIDE_THEM = ["::ffff:0:0/104", "::ffff:10.0.0.0/104", "64:ff9b::10.0.0.0/104"]
REFUSED = sorted({*REGISTERED, *BESIDE_THEM, *INSIDE_THEM} - LOOKED_INTO)


def inside(block: IPv4Network | IPv6Network) -> set[str]:
    middle = block.network_address + block.num_addresses // 2
    return {str(block[0]), str(middle), str(block[-1])}


@pytest.mark.parametrize("block", REFUSED)
def test_a_special_block_is_refused_from_its_first_address_to_its_last(block: str) -> None:
    assert not [one for one in inside(ip_network(block)) if is_public(one)]


def test_the_tables_hold_every_registered_block_and_no_other_but_those_beside() -> None:
    """A block may stand for the smaller ones in it; none of the table stands for nothing."""
    tables: set[IPv4Network | IPv6Network] = {*SPECIAL_IPV4, *SPECIAL_IPV6}
    known = {ip_network(block) for block in REGISTERED + BESIDE_THEM}
    assert len(REGISTERED) == len(set(REGISTERED)) == 26 + 25
    assert tables <= known
    assert {one for one in known - tables if not _is_in_another(one, tables)} == set()


def _is_in_another(
    block: IPv4Network | IPv6Network, tables: set[IPv4Network | IPv6Network]
) -> bool:
    return any(block[0] in one and block[-1] in one for one in tables)


NEIGHBOURS = [
    *("1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"),
    *("128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0"),
    *("191.255.255.255", "192.0.1.0", "192.0.1.255", "192.0.3.0", "192.31.195.255", "192.31.197.0"),
    *("192.52.192.255", "192.52.194.0", "192.88.98.255", "192.88.100.0", "192.167.255.255"),
    *("192.169.0.0", "192.175.47.255", "192.175.49.0", "198.17.255.255", "198.20.0.0"),
    *("198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255"),
    *("2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::", "2001:db9::"),
    *("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    *("2003::", "2620:4f:7fff:ffff:ffff:ffff:ffff:ffff", "2620:4f:8001::", "3fff:1000::"),
    *("3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "1.1.1.1", "2606:4700:4700::1111"),
]


@pytest.mark.parametrize("address", NEIGHBOURS)
def test_the_neighbour_of_a_special_block_is_public(address: str) -> None:
    assert is_public(address)


def test_the_neighbours_are_those_of_every_block_of_the_tables() -> None:
    blocks: list[IPv4Network | IPv6Network] = [*SPECIAL_IPV4, *SPECIAL_IPV6]
    beside = {one for block in blocks for one in neighbours(block)}
    special = {one for one in beside if any(one in block for block in blocks)}
    unassigned = {one for one in beside if one.version == 6 and one not in GLOBAL_UNICAST}
    assert {str(one) for one in beside - special - unassigned} <= set(NEIGHBOURS)


def neighbours(block: IPv4Network | IPv6Network) -> list[IPv4Address | IPv6Address]:
    kind = type(block[0])
    edges = (int(block[0]) - 1, int(block[-1]) + 1)
    return [kind(one) for one in edges if 0 <= one < 2**block.max_prefixlen]


@pytest.mark.parametrize(
    ("address", "leads_out"),
    [
        ("::ffff:1.1.1.1", True),
        ("::ffff:127.0.0.1", False),
        ("::ffff:192.88.99.1", False),
        ("64:ff9b::1.1.1.1", True),
        ("64:ff9b::10.0.0.1", False),
        ("64:ff9b::192.0.0.170", False),
        ("64:ff9b:1::101:101", False),
        ("::1.1.1.1", False),
        ("2002:101:101::1", False),
        ("2001:0:101:101::1", False),
        ("fe80::1%1", False),
        ("2606:4700:4700::1111%1", True),
        ("4000::1", False),
    ],
)
def test_an_address_in_an_address_is_looked_at_or_refused(address: str, leads_out: bool) -> None:  # noqa: FBT001 - a case's expectation
    assert is_public(address) is leads_out
