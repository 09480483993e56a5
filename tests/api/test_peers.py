"""What calls are counted by, and who is on this machine."""

from __future__ import annotations

import pytest

from services.api.interceptors.connections import End, end_of
from services.api.interceptors.peers import Peer, peer_of


@pytest.mark.parametrize(
    ("said", "peer"),
    [
        ("ipv4:127.0.0.1:50211", Peer("127.0.0.1", is_local=True)),
        ("ipv4:192.0.2.7:50211", Peer("192.0.2.7", is_local=False)),
        ("ipv6:[::1]:50211", Peer("::1", is_local=True)),
        ("ipv6:%5B::1%5D:50211", Peer("::1", is_local=True)),
        ("ipv6:[::ffff:127.0.0.1]:1", Peer("127.0.0.1", is_local=True)),
        ("ipv6:[::ffff:192.0.2.7]:1", Peer("192.0.2.7", is_local=False)),
        ("ipv6:[2001:db8:1:2:3:4:5:6]:1", Peer("2001:db8:1:2::/64", is_local=False)),
        ("ipv6:[2001:db8:1:2::9]:1", Peer("2001:db8:1:2::/64", is_local=False)),
        ("ipv6:[fe80::1%25eth0]:1", Peer("fe80::/64", is_local=False)),
        ("unix:/run/muster.sock", Peer("unix", is_local=True)),
        ("something else", Peer("unknown", is_local=False)),
        ("", Peer("unknown", is_local=False)),
    ],
)
def test_a_peer_is_counted_by_its_network(said: str, peer: Peer) -> None:
    assert peer_of(said) == peer


@pytest.mark.parametrize(
    ("peer", "end"),
    [
        ("ipv4:127.0.0.1:5", End("127.0.0.1", 5)),
        ("ipv6:[::1]:5", End("::1", 5)),
        ("ipv6:%5B::1%5D:5", End("::1", 5)),
        ("ipv6:[::ffff:127.0.0.1]:5", End("127.0.0.1", 5)),
        ("unix:", None),
        ("", None),
        ("ipv4:127.0.0.1", None),
        ("ipv4:x:5", None),
    ],
)
def test_a_connection_is_known_as_grpc_names_it(peer: str, end: End | None) -> None:
    assert end_of(peer) == end
