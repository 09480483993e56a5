"""Which primary this process keeps to: that of the highest epoch it has heard of, never an earlier.

A server's epoch is its timeline, which PostgreSQL raises whenever a standby is promoted. What a
process knows is remembered in the notary's folder as well, for those that begin later.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import asyncpg

FILE = "epoch"
"""In the notary's folder: the cluster's number and its highest epoch."""


class Epoch(NamedTuple):
    """A time in which one server was the primary of a cluster."""

    system: int
    """The cluster, by the number that PostgreSQL gave it when it was made."""
    number: int


class Server(NamedTuple):
    """What a server says of itself. Where its provider hides it, the numbers are 0."""

    is_standby: bool
    system: int
    epoch: int
    highest: int
    """The highest epoch that it was told of."""
    started_at: datetime
    commits_wait_for: str
    """Its synchronous_standby_names."""

    @property
    def is_superseded(self) -> bool:
        """Tell whether it knows that there is a later primary."""
        return self.highest > self.epoch


class Superseded(ConnectionError):
    """The server was the primary; a later one is known."""


class Epochs:
    """What a process knows of primaries, and the connections that it has to them."""

    def __init__(self) -> None:
        self._highest: dict[int, int] = {}
        self._now: dict[str, Epoch] = {}
        self._open: WeakKeyDictionary[asyncpg.Connection[asyncpg.Record], Epoch] = (
            WeakKeyDictionary()
        )

    def highest(self, system: int) -> int:
        """Return the highest epoch of a cluster that this process has heard of."""
        return self._highest.get(system, 0)

    def learn(self, epoch: Epoch) -> None:
        """Hear of an epoch; connections to primaries before it are ended."""
        system, number = epoch
        if number <= self.highest(system):
            return
        self._highest[system] = number
        for connection, of in list(self._open.items()):
            if of.system == system and of.number < number:
                connection.terminate()

    def take(self, dsn: str, connection: asyncpg.Connection[asyncpg.Record], to: Server) -> None:
        """Note a connection to a primary. Raises Superseded."""
        highest = max(to.highest, self.highest(to.system))
        if to.epoch < highest:
            raise Superseded(f"it is of epoch {to.epoch}, and superseded by epoch {highest}")
        epoch = Epoch(to.system, to.epoch)
        self.learn(epoch)
        self._open[connection] = self._now[dsn] = epoch

    def now(self, dsn: str) -> Epoch | None:
        """Return the epoch of the primary that an address led to last."""
        return self._now.get(dsn)


EPOCHS = Epochs()
"""Of this process: what one connection learns holds for all."""


def remember(folder: Path) -> None:
    """Hear of the epoch that is kept in a folder, if there is one."""
    try:
        text = (folder / FILE).read_text(encoding="ascii")
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    try:
        system, number = map(int, text.split())
    except ValueError:
        raise ValueError(f"{folder / FILE} should hold two numbers: cluster and epoch") from None
    EPOCHS.learn(Epoch(system, number))


def keep(folder: Path, epoch: Epoch) -> None:
    """Keep an epoch in a folder, whole or not at all, so that it outlasts a power cut."""
    file, part = folder / FILE, folder / f".{FILE}.part"
    with part.open("w", encoding="ascii") as writing:
        writing.write(f"{epoch.system} {epoch.number}\n")
        writing.flush()
        os.fsync(writing.fileno())
    part.replace(file)
