"""One request, one head of an answer: over TLS, under every event loop, whatever is said."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager

import pytest
import trustme
import uvloop

from activities.notification.channels import webhook
from activities.notification.channels.http_exchange import UNUSABLE, Answer, Server, post
from activities.notification.outcome import Failed, Undelivered
from tests.activities.notification.receivers import Hook, hook, talking
from tests.activities.scene import MESSAGE, rules

HEADERS = {"Host": "hooks.test"}
BODY = b"{}"
HERE = ("127.0.0.1",)
SHARE_S = 5.0


def plain(port: int) -> Server:
    return Server(HERE, port, "", None, SHARE_S)


def lead_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Have every name lead to some addresses of this machine."""

    def look_up(_: str, port: int, **__: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@contextmanager
def full(address: str, port: int) -> Iterator[None]:
    """Have an address take no connection any more, and say nothing of it."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex((address, port))
        yield


@asynccontextmanager
async def secured(taking: Hook, leaf: trustme.LeafCert) -> AsyncIterator[int]:
    """Run a receiver behind a certificate; return its port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    leaf.configure_cert(context)
    server = await asyncio.start_server(taking.take, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


def believing(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_a_certificate_for_the_name_is_believed_wherever_the_connection_goes() -> None:
    authority, taking = trustme.CA(), Hook()
    async with secured(taking, authority.issue_cert("hooks.test")) as port:
        server = Server(HERE, port, "hooks.test", believing(authority), SHARE_S)
        assert (await post(server, "/", HEADERS, BODY)).status == 200
    assert taking.posts[0].body == BODY


@pytest.mark.parametrize(
    ("named", "trusted"), [("other.test", True), ("hooks.test", False)], ids=["name", "authority"]
)
async def test_a_certificate_of_another_name_or_of_nobody_gets_no_message(
    named: str,
    trusted: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    authority, taking = trustme.CA(), Hook()
    believed = believing(authority if trusted else trustme.CA())
    async with secured(taking, authority.issue_cert(named)) as port:
        with pytest.raises(ssl.SSLCertVerificationError):
            await post(Server(HERE, port, "hooks.test", believed, SHARE_S), "/", HEADERS, BODY)
    assert taking.posts == []


async def test_the_authorities_are_not_read_again_for_each_webhook() -> None:
    """A worker that owes ten thousand would do little else."""
    async with secured(Hook(), trustme.CA().issue_cert("localhost")) as port:
        url = f"https://localhost:{port}/"
        with pytest.raises(Undelivered):
            await webhook.send(rules(), url, MESSAGE)
        read = webhook._authorities()  # noqa: SLF001 - that it is the same one is the point
        with pytest.raises(Undelivered):
            await webhook.send(rules(), url, MESSAGE)
    assert webhook._authorities() is read  # noqa: SLF001 - as above


async def test_a_webhook_to_a_certificate_of_nobody_is_not_delivered() -> None:
    taking = Hook()
    async with secured(taking, trustme.CA().issue_cert("localhost")) as port:
        with pytest.raises(Undelivered, match="SSLCertVerificationError"):
            await webhook.send(rules(), f"https://localhost:{port}/", MESSAGE)
    assert taking.posts == []


def test_the_loop_that_the_worker_runs_in_is_served_too() -> None:
    async def sent() -> Answer:
        async with hook() as taking:
            return await post(plain(taking.port), "/", HEADERS, BODY)

    assert uvloop.run(sent()).status == 200


async def test_interim_answers_are_passed_over() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    final = b"HTTP/1.1 429 Busy\r\nRetry-After: 3\r\n\r\n"
    async with talking(iter((early + final,))) as talker:
        port = int(talker.url.rstrip("/").rpartition(":")[2])
        answer = await post(plain(port), "/", HEADERS, BODY)
    assert answer == Answer(429, "3")


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\n broken\r\n\r\n",
        b"HTTP/1.1 999999 No\r\n\r\n",
        b"\x16\x03\x01",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ],
)
async def test_what_is_no_whole_head_is_no_answer(said: bytes) -> None:
    async with talking(iter((said,))) as talker:
        port = int(talker.url.rstrip("/").rpartition(":")[2])
        with pytest.raises(UNUSABLE):
            await post(plain(port), "/", HEADERS, BODY)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("", "/"),
        ("/a%20b%zz", "/a%20b%25zz"),
        ("/路/x?问=1&b=a/b?c", "/%E8%B7%AF/x?%E9%97%AE=1&b=a/b?c"),
        ("?key=1#part", "/?key=1"),
        ('/"<>{}|^`', "/%22%3C%3E%7B%7D%7C%5E%60"),
    ],
)
async def test_an_address_goes_out_in_ascii(written: str, sent: str) -> None:
    async with hook() as taking:
        await webhook.send(rules(), f"http://127.0.0.1:{taking.port}{written}", MESSAGE)
    assert taking.posts[0].path == sent


async def test_a_name_with_a_dead_and_a_live_address_is_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lead_to(monkeypatch, "127.0.0.2", "127.0.0.1")
    async with hook() as taking:
        await webhook.send(rules(), f"http://hooks.test:{taking.port}/", MESSAGE)
        assert len(taking.posts) == 1


async def test_a_name_with_an_address_that_hangs_and_a_live_one_is_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lead_to(monkeypatch, "127.0.0.2", "127.0.0.1")
    async with hook() as taking:
        with full("127.0.0.2", taking.port):
            url = f"http://hooks.test:{taking.port}/"
            await webhook.send(rules(timeout_s=3.0), url, MESSAGE)
        assert len(taking.posts) == 1


async def test_a_name_whose_addresses_are_all_dead_may_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lead_to(monkeypatch, "127.0.0.2", "127.0.0.3")
    async with hook() as taking:
        with pytest.raises(Undelivered, match="ConnectionRefusedError"):
            await webhook.send(rules(), f"http://hooks.test:{taking.port}/", MESSAGE)


async def test_one_private_address_of_a_name_is_enough_to_call_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lead_to(monkeypatch, "192.88.98.1", "127.0.0.1")
    async with hook() as taking:
        with pytest.raises(Failed, match="private network"):
            await webhook.send(
                rules(private_networks=False), f"http://hooks.test:{taking.port}/", MESSAGE
            )
        assert taking.posts == []
