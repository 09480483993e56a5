"""Starts the local stack in order, keeps it running, and stops all of it."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable

from services.local.child import READY_TIMEOUT_S, ChildProcess
from services.local.folder import Folder, private
from services.local.postgres import DATABASE, OWNER, RUNTIME, Postgres
from services.local.prefork import import_shared
from services.local.stack import PROCESSES, Ports, held, make_secrets, recipes, write_down

AGAIN_S = 1.0

Tell = Callable[[str], None]


async def supervise(folder: Folder, wanted: Ports, tell: Tell) -> None:
    """Run the stack until a signal says stop. Raises StackFailed, having stopped everything."""
    folder.make()
    with private(), held(folder):
        await Supervisor(folder, wanted.taken(), tell).run()


class Supervisor:
    """The one parent of the stack's processes."""

    def __init__(self, folder: Folder, ports: Ports, tell: Tell) -> None:
        self._folder = folder
        self._ports = ports
        self._tell = tell
        folder.database_ready.unlink(missing_ok=True)
        self._postgres = Postgres(folder)
        self._parts = {
            name: ChildProcess(recipe, folder.run, folder.logs)
            for name, recipe in recipes(folder, ports).items()
        }
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Start, keep, stop."""
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(sign, self._stop.set)
        begun = time.monotonic()
        starting = asyncio.create_task(self._start())
        stopped = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                self._write_down()
                self._tell(f"serving on 127.0.0.1:{self._ports.api}, {_since(begun)}")
                await self._keep_until(stopped)
        finally:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            await self._stop_all()

    async def _start(self) -> None:
        try:
            async with asyncio.TaskGroup() as starting:
                database = starting.create_task(self._start_postgres())
                temporal = starting.create_task(self._start_part("temporal"))
                starting.create_task(self._start_part("mail"))
                await asyncio.to_thread(import_shared)
                for name in PROCESSES:  # they get ready while the database is made
                    starting.create_task(self._start_part(name))
                await database
                make_secrets(self._folder)
                await self._make_schema()
                await temporal  # whose clock the others want to see before they begin
                self._folder.database_ready.touch()
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _start_postgres(self) -> None:
        await asyncio.to_thread(self._postgres.prepare)
        await self._start_part("postgres")

    async def _make_schema(self) -> None:
        """Make it, again where the database did not answer in time: each step is whole or not."""
        from eventstore.postgres.errors import is_transient  # noqa: PLC0415 - it was imported meanwhile

        until = time.monotonic() + READY_TIMEOUT_S
        while True:
            try:
                return await self._migrate()
            except Exception as error:
                if not is_transient(error) or time.monotonic() > until:
                    raise
                self._tell(f"schema: the database does not answer yet ({type(error).__name__})")
            await asyncio.sleep(AGAIN_S)

    async def _migrate(self) -> None:
        from eventstore.postgres import migrations, provision  # noqa: PLC0415 - as above

        await provision.create_database(self._postgres.dsn(OWNER, "postgres"), DATABASE)
        applied = await migrations.migrate(self._postgres.dsn(OWNER))
        await provision.set_password(
            self._postgres.dsn(OWNER), RUNTIME, self._postgres.dsn(RUNTIME)
        )
        self._tell(f"schema: {', '.join(applied) if applied else 'up to date'}")

    async def _start_part(self, name: str) -> None:
        begun = time.monotonic()
        await self._parts[name].start()
        self._tell(f"{name}: ready, {_since(begun)}")

    async def _keep_until(self, stopped: asyncio.Task[bool]) -> None:
        keeping: list[asyncio.Task[None]] = [
            asyncio.create_task(part.keep(self._write_down)) for part in self._all
        ]
        await asyncio.wait({stopped, *keeping}, return_when=asyncio.FIRST_COMPLETED)
        failed = [task for task in keeping if task.done()]
        for task in keeping:
            task.cancel()
        await asyncio.gather(*keeping, return_exceptions=True)
        for task in failed:
            task.result()

    async def _stop_all(self) -> None:
        """Stop those who use the others first."""
        self._tell("stopping")
        await asyncio.gather(*(self._parts[name].stop() for name in PROCESSES))
        rest = [part for name, part in self._parts.items() if name not in PROCESSES]
        await asyncio.gather(*(part.stop() for part in rest))
        self._tell("stopped")

    @property
    def _all(self) -> list[ChildProcess]:
        return list(self._parts.values())

    def _write_down(self) -> None:
        parts = {
            name: {"pid": part.pid, "since": part.started_at, "restarts": part.restarts}
            for name, part in self._parts.items()
        }
        write_down(self._folder, self._ports, parts)


def _since(begun: float) -> str:
    return f"{time.monotonic() - begun:.1f} s"
