"""A primary and its synchronous standby: two real servers that are killed, promoted, rejoined.

`with standby_pair() as pair` starts both. They have names, `a` and `b`, since they change places.
Settings stand in `postgresql.conf`, so that `ALTER SYSTEM` overrides them as it does in production.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.postgres import INITIALISED, SETTINGS, Cluster, programs, unprivileged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPLICATING_WITHIN_S = 30.0
GONE_WITHIN_S = 10.0
POLL_S = 0.02
PORT = "5432"

NODE_SETTINGS = {
    **SETTINGS,
    "synchronous_commit": "on",
    "wal_keep_size": "64MB",
    "min_wal_size": "2MB",
    "wal_sender_timeout": "5s",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "200ms",
    "hot_standby": "on",
}

STREAMED_TO = """SELECT string_agg(application_name, ',') FROM pg_stat_replication
    WHERE state = 'streaming'"""
FOLLOWED_BY = f"{STREAMED_TO} AND sync_state = 'sync'"


class Node(Cluster):
    """One of the two servers."""

    def __init__(self, name: str, folder: Path, user: str | None) -> None:
        super().__init__(folder, programs(), user, {})
        self.name = name

    @property
    def data(self) -> Path:
        """Return where its data lie."""
        return self.folder / "data"

    @property
    def address(self) -> str:
        """Return how PostgreSQL's own programs reach it."""
        return f"host={self.folder} port={PORT} user=postgres dbname=postgres"

    def initialise(self) -> None:
        """Make its data folder, with small files of WAL: they are copied again and again."""
        self.run("initdb", "-D", self.data, "-U", "postgres", "--wal-segsize=1", *INITIALISED)

    def configure(self, **settings: str) -> None:
        """Add to its settings; the last one of a name is in force from its next start on."""
        lines = [f"{name} = '{text}'\n" for name, text in settings.items()]
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines(lines)

    def ask(self, query: str, database: str = "postgres") -> str:
        """Return what it answers, as its superuser; lines of fields with | between them."""
        return self.run("psql", "-XAtq", "-c", query, self.dsn(database)).strip()

    def execute(self, *statements: str) -> None:
        """Have it do something, each statement for itself, as its superuser."""
        for statement in statements:
            self.ask(statement)

    @property
    def pids(self) -> list[int]:
        """Return the numbers of all its processes, the first one that of the postmaster."""
        if self.process is None:
            return []
        main = self.process.pid
        with suppress(FileNotFoundError):
            children = Path(f"/proc/{main}/task/{main}/children").read_text(encoding="ascii")
            return [main, *map(int, children.split())]
        return [main]

    def kill(self) -> None:
        """End all its processes at one instant, as a power cut would."""
        self._signal(signal.SIGSTOP)
        self._signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait(GONE_WITHIN_S)
            self.process = None

    def pause(self) -> None:
        """Have all its processes stand still: connections stay open and are not answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Have them go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, how: signal.Signals) -> None:
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, how)


class StandbyPair:
    """Two servers. What is acknowledged is on both, until one of them is promoted."""

    def __init__(self, folder: Path, user: str | None) -> None:
        self.nodes = {name: Node(name, private(folder / name, user), user) for name in "ab"}
        self.primary = self.nodes["a"]
        """Where is written to, as far as this test says."""

    @property
    def standby(self) -> Node:
        """Return the other one."""
        return next(node for node in self.nodes.values() if node is not self.primary)

    def dsn(self, database: str = "postgres", *, user: str = "muster_runtime") -> str:
        """Return the address of a database on whichever of both is the primary, a listed first."""
        hosts = ",".join(str(node.folder) for node in self.nodes.values())
        query = {"host": hosts, "port": f"{PORT},{PORT}", "target_session_attrs": "read-write"}
        return f"postgresql://{user}@/{database}?{urlencode(query)}"

    def start(self) -> None:
        """Start a primary, and a standby that each of its commits waits for."""
        self.primary.initialise()
        self.primary.configure(**NODE_SETTINGS, cluster_name=self.primary.name)
        self.primary.start()
        self.join()

    def join(self) -> None:
        """Make the other one the standby of the primary, from a base backup, and wait for it."""
        primary, standby = self.primary, self.standby
        shutil.rmtree(standby.data, ignore_errors=True)
        standby.run(
            "pg_basebackup", "-D", standby.data, "-d", primary.address, "-R", "-X", "stream",
            "--checkpoint=fast", "--no-sync",
        )  # fmt: skip
        standby.configure(cluster_name=standby.name)
        standby.start()
        self.replicate()

    def replicate(self) -> None:
        """Have commits wait for the standby from now on, once it has caught up."""
        name = self.standby.name
        self.primary.execute(
            f"ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 ({name})'",
            "SELECT pg_reload_conf()",
        )
        until_so(lambda: self.primary.ask(FOLLOWED_BY) == name)

    def catch_up(self) -> None:
        """Wait until the standby shows all that the primary has committed."""
        here = self.primary.ask("SELECT pg_current_wal_flush_lsn()")
        until_so(lambda: self.standby.ask(f"SELECT pg_last_wal_replay_lsn() >= '{here}'") == "t")

    def stand_alone(self) -> None:
        """Have commits wait for nobody: what is acknowledged from now on is on one server."""
        self.primary.execute(
            "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()"
        )

    def promote(self) -> Node:
        """Make the standby the primary, which then stands alone; return the one before."""
        before, self.primary = self.primary, self.standby
        self.stand_alone()
        self.primary.run("pg_ctl", "promote", "-w", "-D", self.primary.data)
        return before

    def fail_over(self) -> Node:
        """Kill the primary as a power cut would and promote the standby; return the dead one."""
        self.primary.kill()
        return self.promote()

    def rejoin(self) -> None:
        """Rewind the one that was the primary, and have it follow the one that is."""
        primary, standby = self.primary, self.standby
        standby.stop()
        standby.run(
            "pg_rewind", "-D", standby.data, f"--source-server={primary.address}", "-R", "--no-sync"
        )
        standby.configure(cluster_name=standby.name)
        standby.start()
        self.replicate()

    def mend(self) -> None:
        """Have both run, one as the standby of the other, whatever was done to them."""
        for node in self.nodes.values():
            node.resume()
        standby = self.standby
        if self.primary.process is None:
            self.primary.start()
        if standby.process is None and (standby.data / "standby.signal").exists():
            standby.start()
        following = standby.process is not None and standby.ask("SELECT pg_is_in_recovery()") == "t"
        if following and self.primary.ask(STREAMED_TO) == standby.name:
            self.replicate()
            return
        self.stand_alone()
        standby.kill()
        self.join()

    def end(self) -> None:
        """End both."""
        for node in self.nodes.values():
            node.kill()


@contextmanager
def standby_pair() -> Iterator[StandbyPair]:
    """Start a pair that is gone afterwards."""
    user = unprivileged() if os.geteuid() == 0 else None
    folder = private(Path(tempfile.mkdtemp(prefix="muster-pair-", dir="/tmp")), user)
    pair = StandbyPair(folder, user)
    try:
        pair.start()
        yield pair
    finally:
        pair.end()
        shutil.rmtree(folder, ignore_errors=True)


def private(folder: Path, user: str | None) -> Path:
    """Make a folder for the server's user alone."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if user is not None:
        shutil.chown(folder, user)
    return folder


def until_so(what: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + REPLICATING_WITHIN_S
    while not what():
        if time.monotonic() > deadline:
            raise TimeoutError("the server does not come to it")
        time.sleep(POLL_S)
