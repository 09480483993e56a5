"""Where a fault is tried: a PostgreSQL of its own, with fsync, and processes that use it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.torture.checker import Verdict, check
from benchmarks.torture.evidence import Journals, read_log, read_notes
from benchmarks.torture.kept import Kept, Start
from benchmarks.torture.writer import DSN_VARIABLE
from eventstore.postgres.migrations import migrate
from eventstore.postgres.provision import create_database, set_password
from eventstore.tlog.note import Signer
from services.local.folder import Folder
from services.local.postgres import DATABASE, OWNER, RUNTIME, Postgres

LANES = 6
CATCH_UP_TIMEOUT_S = 60.0
POLL_S = 0.05

AT_WORK_BYTES = 4_096
"""What somebody must have written down meanwhile to count as being at work."""

AT_WORK_TIMEOUT_S = 120.0

LOG_NAME = "muster.local/torture"
PYTHON_PATH = os.pathsep.join(str(Path(__file__).parents[2] / one) for one in (".", "protos"))

Disk = Callable[[Postgres], AbstractContextManager[None]]


@dataclass
class Place:
    """A server, those who write, those who watch, and what they wrote down."""

    folder: Folder
    postgres: Postgres
    seed: str
    server: Kept
    writers: list[Kept] = field(default_factory=list)
    watchers: list[Kept] = field(default_factory=list)
    notary: Kept | None = None
    _signed: list[str] = field(default_factory=list)
    _observing: asyncio.Task[None] | None = None

    @property
    def dsn(self) -> str:
        """The address for those who use the log."""
        return self.postgres.dsn(RUNTIME)

    @property
    def owner_dsn(self) -> str:
        """The address for who migrates, and for the checker."""
        return self.postgres.dsn(OWNER)

    @property
    def socket(self) -> Path:
        """The socket of the server."""
        return self.folder.socket / ".s.PGSQL.5432"

    def journal(self, name: str) -> Path:
        """Where somebody writes down what they asked and saw."""
        return self.folder.root / f"{name}.jsonl"

    async def write(self, **environment: str) -> Kept:
        """Start one more process that writes."""
        name = f"writer-{len(self.writers)}"
        own = [str(self.journal(name)), name, self.seed, str(LANES)]
        writer = self._kept(name, "writer", own, environment)
        self.writers.append(writer)
        await writer.start()
        return writer

    async def watch(self) -> Kept:
        """Start one more process that watches."""
        name = f"watcher-{len(self.watchers)}"
        own = [str(self.journal(name))]
        watcher = self._kept(name, "watcher", own, {})
        self.watchers.append(watcher)
        await watcher.start()
        return watcher

    async def notarise(self) -> None:
        """Start the notary, and write down every checkpoint that it is seen to sign."""
        key_file = self.folder.keys / "notary"
        self.folder.secret(key_file, f"{Signer.generate(LOG_NAME).skey}\n".encode())
        settings = {
            "MUSTER_DATABASE__DSN": self.dsn,
            "MUSTER_NOTARY__FOLDER": str(self.folder.notary),
            "MUSTER_NOTARY__KEY_FILE": str(key_file),
            "PYTHONPATH": PYTHON_PATH,
        }
        command = [sys.executable, "-m", "services.process", "notary"]
        output = self.folder.root / "notary.log"
        self.notary = Kept(Start("notary", command, settings), output)
        await self.notary.start()
        self._observing = asyncio.create_task(self._observe())

    def signed(self) -> str | None:
        """Return the newest checkpoint as it lies in the notary's folder, outside the database."""
        newest = self.folder.notary / "1" / "checkpoint"
        return newest.read_text("utf-8") if newest.exists() else None

    def answered(self) -> int:
        """Return how many answers the writers have written down."""
        journals = (self.journal(one.name) for one in self.writers)
        return sum(one.read_bytes().count(b'{"ack') for one in journals if one.exists())

    async def at_work(self) -> None:
        """Wait until all who write do."""
        for writer in self.writers:
            await self.goes_on(writer)

    async def goes_on(self, *processes: Kept) -> None:
        """Wait until one of some processes has written down more than it could unanswered."""
        before = {one.name: self._written(one) for one in processes}
        async with asyncio.timeout(AT_WORK_TIMEOUT_S):
            while all(self._written(one) - before[one.name] < AT_WORK_BYTES for one in processes):
                await asyncio.sleep(POLL_S)

    def _written(self, process: Kept) -> int:
        journal = self.journal(process.name)
        return journal.stat().st_size if journal.exists() else 0

    async def settle(self) -> Verdict:
        """Let the writers end what they began and the watchers catch up; then judge."""
        stops = (writer.stop() for writer in self.writers)
        ends = await asyncio.gather(*stops, return_exceptions=True)
        log = await read_log(self.owner_dsn)
        await self._caught_up(len(log))
        await asyncio.gather(*(one.stop() for one in self._followers))
        journals = self.journals()
        if self.notary:
            journals.notes = [*self._signed, *await read_notes(self.owner_dsn)]
            journals.vkey = (self.folder.notary / "1" / "log.vkey").read_text("ascii").strip()
        verdict = await asyncio.to_thread(check, log, journals)
        verdict.complaints.extend(str(end) for end in ends if end is not None)
        open_still = sum(not promise.answers for promise in journals.promises.values())
        if open_still:
            verdict.doubt(f"{open_still} commands were never answered")
        return verdict

    def journals(self) -> Journals:
        """Read what everybody wrote down."""
        return Journals.read(
            [self.journal(one.name) for one in self.writers],
            [self.journal(one.name) for one in self.watchers],
        )

    async def end(self) -> None:
        """Kill whatever still runs."""
        if self._observing:
            self._observing.cancel()
        everything = [*self.writers, *self._followers, self.server]
        ends = [asyncio.create_task(one.stop()) for one in everything]
        await asyncio.sleep(0)
        for one in everything:
            one.kill(family=True)
        await asyncio.gather(*ends, return_exceptions=True)

    async def _caught_up(self, head: int) -> None:
        """Wait for the watchers; the checker tells who never came."""
        try:
            async with asyncio.timeout(CATCH_UP_TIMEOUT_S):
                while any(self._position(one) < head for one in self.watchers):
                    await asyncio.sleep(POLL_S)
                while self.notary and _size(self.signed()) < head:
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            return

    async def _observe(self) -> None:
        """Keep every checkpoint that appears outside the database."""
        while True:
            note = self.signed()
            if note and note not in self._signed[-1:]:
                self._signed.append(note)
            await asyncio.sleep(POLL_S)

    @property
    def _followers(self) -> list[Kept]:
        return [*self.watchers, *([self.notary] if self.notary else [])]

    def _position(self, watcher: Kept) -> int:
        pages = Journals.read([], [self.journal(watcher.name)]).pages[f"{watcher.name}.jsonl"]
        return pages[-1][-1][0] if pages else 0

    def _kept(
        self,
        name: str,
        module: str,
        own: list[str],
        environment: Mapping[str, str],
    ) -> Kept:
        command = [sys.executable, "-m", f"benchmarks.torture.{module}", *own]
        settings = {DSN_VARIABLE: self.dsn, **environment}
        return Kept(Start(name, command, settings), self.folder.root / f"{name}.log")


@asynccontextmanager
async def place(
    seed: str,
    *,
    settings: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    disk: Disk = lambda _: nullcontext(),
) -> AsyncIterator[Place]:
    """Make a server with an empty log; end and remove everything afterwards."""
    root = Path(tempfile.mkdtemp(prefix="muster-torture-"))
    root.chmod(0o755)  # noqa: ASYNC240 - before anything is measured
    folder = Folder.at(root)
    folder.make()
    postgres = Postgres(folder)
    more = [f"--{name}={value}" for name, value in (settings or {}).items()]
    try:
        with disk(postgres):
            await asyncio.to_thread(postgres.prepare)
            start = Start(
                "postgres",
                [*postgres.command, *more],
                environment or {},
                postgres.user,
                signal.SIGINT,
            )
            server = Kept(start, folder.logs / "postgres.log")
            made = Place(folder, postgres, seed, server)
            try:
                await server.start()
                await postgres.ready()
                await create_database(postgres.dsn(OWNER, "postgres"), DATABASE)
                await migrate(made.owner_dsn)
                await set_password(made.owner_dsn, RUNTIME, made.dsn)
                yield made
            finally:
                await made.end()
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _size(note: str | None) -> int:
    """Return how many events a checkpoint is over."""
    return int(note.splitlines()[1]) if note else 0
