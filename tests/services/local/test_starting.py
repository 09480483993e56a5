"""Where a stack is about to start: its folder is its own, and so are its ports."""

from __future__ import annotations

import errno
import fcntl
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from services.local import stack
from services.local.folder import Folder
from services.local.stack import Ports, held
from services.runtime.failures import AlreadyRunning, PortTaken

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

LOOKS_S = 0.2


@pytest.fixture
def place(tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "muster")
    made.make()
    return made


@pytest.fixture
def looked_at(place: Folder) -> Iterator[IO[str]]:
    """The lock of a folder in which somebody looks whether a stack runs."""
    with place.lock_file.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield file


def test_a_folder_that_somebody_only_looks_at_is_free(place: Folder, looked_at: IO[str]) -> None:
    done = threading.Timer(LOOKS_S, fcntl.flock, (looked_at, fcntl.LOCK_UN))
    done.start()
    with held(place):
        done.join()


@pytest.mark.usefixtures("looked_at")
def test_a_folder_that_stays_held_is_refused(
    place: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack, "LOOKED_AT_S", 0.0)
    with pytest.raises(AlreadyRunning), held(place):
        pass


def test_a_free_port_goes_to_nobody_but_who_asks_for_it_by_number() -> None:
    port = Ports(api=0).taken().api
    with socket.socket() as other, pytest.raises(OSError, match="in use") as refused:
        other.bind(("127.0.0.1", port))
    assert refused.value.errno == errno.EADDRINUSE
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        server.listen()
        with pytest.raises(PortTaken, match=f"port {port} "):
            Ports(api=port).taken()
