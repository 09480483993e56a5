"""Where a fault is tried: a PostgreSQL of its own, with fsync, and processes that use it."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.torture.checker import Verdict, check
from benchmarks.torture.evidence import Journals, read_log
from benchmarks.torture.kept import Kept
from benchmarks.torture.writer import DSN_VARIABLE
from eventstore.migrations import migrate
from eventstore.provision import create_database, set_password
from services.local.folder import Folder
from services.local.postgres import DATABASE, OWNER, RUNTIME, Postgres

LANES = 6
SETTLE_TIMEOUT_S = 90.0
CATCH_UP_TIMEOUT_S = 60.0
POLL_S = 0.05


@dataclass
class Place:
    """A server, those who write, those who watch, and what they wrote down."""

    folder: Folder
    postgres: Postgres
    seed: str
    server: Kept
    writers: list[Kept] = field(default_factory=list)
    watchers: list[Kept] = field(default_factory=list)

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

    async def write(self, dsn: str | None = None, **environment: str) -> Kept:
        """Start one more process that writes."""
        name = f"writer-{len(self.writers)}"
        own = [str(self.journal(name)), name, self.seed, str(LANES)]
        writer = self._kept(name, "benchmarks.torture.writer", own, dsn, environment)
        self.writers.append(writer)
        await writer.start()
        return writer

    async def watch(self, dsn: str | None = None) -> Kept:
        """Start one more process that watches."""
        name = f"watcher-{len(self.watchers)}"
        own = [str(self.journal(name))]
        watcher = self._kept(name, "benchmarks.torture.watcher", own, dsn, {})
        self.watchers.append(watcher)
        await watcher.start()
        return watcher

    def lines(self, process: Kept) -> int:
        """Return how many bytes a process has written down: it works while they grow."""
        journal = self.journal(process.name)
        return journal.stat().st_size if journal.exists() else 0

    async def settle(self) -> Verdict:
        """Let the writers end what they began and the watchers catch up; then judge."""
        late: list[str] = []
        for end in await asyncio.gather(
            *(writer.stop() for writer in self.writers), return_exceptions=True
        ):
            if end is not None:
                late.append(str(end))
        log = await read_log(self.owner_dsn)
        await self._caught_up(len(log))
        await asyncio.gather(*(watcher.stop() for watcher in self.watchers))
        journals = self.journals()
        verdict = await asyncio.to_thread(check, log, journals)
        verdict.complaints.extend(late)
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

    async def _caught_up(self, head: int) -> None:
        """Wait for the watchers; the checker tells who never came."""
        try:
            async with asyncio.timeout(CATCH_UP_TIMEOUT_S):
                while any(self._position(one) < head for one in self.watchers):
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            return

    def _position(self, watcher: Kept) -> int:
        pages = Journals.read([], [self.journal(watcher.name)]).pages[f"{watcher.name}.jsonl"]
        return pages[-1][-1][0] if pages else 0

    def _kept(
        self,
        name: str,
        module: str,
        own: list[str],
        dsn: str | None,
        environment: Mapping[str, str],
    ) -> Kept:
        return Kept(
            name,
            [sys.executable, "-m", module, *own],
            self.folder.root / f"{name}.log",
            environment={DSN_VARIABLE: dsn or self.dsn, **environment},
        )


@asynccontextmanager
async def place(
    seed: str,
    *,
    settings: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    prepare: Callable[[Postgres], None] = Postgres.prepare,
) -> AsyncIterator[Place]:
    """Make a server with an empty log; end and remove everything afterwards."""
    root = Path(tempfile.mkdtemp(prefix="muster-torture-"))
    root.chmod(0o755)  # noqa: ASYNC240 - before anything is measured
    folder = Folder.at(root)
    folder.make()
    postgres = Postgres(folder)
    more = [f"--{name}={value}" for name, value in (settings or {}).items()]
    try:
        await asyncio.to_thread(prepare, postgres)
        server = Kept(
            "postgres",
            [*postgres.command, *more],
            folder.logs / "postgres.log",
            environment=environment,
            user=postgres.user,
            stop_signal=signal.SIGINT,
        )
        made = Place(folder, postgres, seed, server)
        try:
            await server.start()
            await postgres.ready()
            await create_database(postgres.dsn(OWNER, "postgres"), DATABASE)
            await migrate(made.owner_dsn)
            await set_password(made.owner_dsn, RUNTIME, made.dsn)
            yield made
        finally:
            for process in (*made.writers, *made.watchers):
                process.kill()
            server.kill(family=True)
            everything = (*made.writers, *made.watchers, server)
            await asyncio.gather(*(one.stop() for one in everything), return_exceptions=True)
    finally:
        shutil.rmtree(root, ignore_errors=True)
