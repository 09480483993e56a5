"""Names whose servers hang: each holds a thread of its own, and keeps no other waiting."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from activities.notification.channels import resolver
from activities.notification.channels.resolver import Resolver

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = 443
MANY = 40
"""More than the threads that any pool of asyncio's own has here."""
PATIENCE_S = 10.0
ADDRESS = (2, 1, 6, "", ("192.0.2.1", PORT))


class Names:
    """A resolver of the system: some names hang until they are let go."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.go_on = threading.Event()
        self.breaks: dict[str, Exception] = {}

    def look_up(self, host: str, _port: int, **_: object) -> list[tuple[object, ...]]:
        self.asked[host] += 1
        if host.startswith("hangs"):
            self.go_on.wait(PATIENCE_S)
        if host in self.breaks:
            raise self.breaks[host]
        return [ADDRESS]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    made = Names()
    monkeypatch.setattr(socket, "getaddrinfo", made.look_up)
    yield made
    made.go_on.set()


async def asked(names: Names, many: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while len(names.asked) < many:
            await asyncio.sleep(0.01)


async def test_names_that_hang_keep_no_other_waiting(names: Names) -> None:
    finding = Resolver()
    hanging = [asyncio.create_task(finding.addresses(f"hangs-{n}", PORT)) for n in range(MANY)]
    await asked(names, MANY)
    async with asyncio.timeout(PATIENCE_S):
        assert await finding.addresses("well", PORT) == [ADDRESS]
    assert not any(one.done() for one in hanging)
    names.go_on.set()
    assert await asyncio.gather(*hanging) == [[ADDRESS]] * MANY


async def test_a_name_is_looked_up_once_at_a_time_for_all_who_ask(names: Names) -> None:
    finding = Resolver()
    asking = [asyncio.create_task(finding.addresses("hangs", PORT)) for _ in range(MANY)]
    await asked(names, 1)
    asking[0].cancel()
    names.go_on.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert answers[1:] == [[ADDRESS]] * (MANY - 1)
    assert names.asked == {"hangs": 1}
    await finding.addresses("hangs", PORT)
    assert names.asked == {"hangs": 2}


async def test_those_known_to_hang_have_half_of_the_threads(
    names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolver, "THREADS_MAX", 4)
    monkeypatch.setattr(resolver, "HANGS_AFTER_S", 0.0)
    finding = Resolver()
    first = [asyncio.create_task(finding.addresses(f"hangs-{n}", PORT)) for n in range(4)]
    await asked(names, 4)
    names.go_on.set()
    await asyncio.gather(*first)
    names.go_on.clear()
    names.asked.clear()
    again = [asyncio.create_task(finding.addresses(f"hangs-{n}", PORT)) for n in range(4)]
    await asked(names, 2)
    async with asyncio.timeout(PATIENCE_S):
        await finding.addresses("well", PORT)
    assert names.asked == {"hangs-0": 1, "hangs-1": 1, "well": 1}
    names.go_on.set()
    await asyncio.gather(*again)


async def test_what_can_not_be_found_is_said_to_all_who_ask(names: Names) -> None:
    names.breaks["hangs"] = socket.gaierror("unknown")
    finding = Resolver()
    asking = [asyncio.create_task(finding.addresses("hangs", PORT)) for _ in range(3)]
    await asked(names, 1)
    names.go_on.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(one) for one in answers] == [socket.gaierror] * 3


async def test_what_the_system_knows_is_found() -> None:
    found = await Resolver().addresses("localhost", PORT)
    assert {entry[4][0] for entry in found} <= {"127.0.0.1", "::1"}
    assert found
