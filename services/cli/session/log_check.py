"""Beside each command: the log is compared with the checkpoint that was kept of it.

What a command does comes first. The comparison runs while the command waits for its answer, over
the same connection; it never keeps a command from being given, and a command that has ended waits
for it only so long. What it finds is said after the command's own answer, on the error stream.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from google.protobuf import descriptor_pool
from muster.v1 import options_pb2

from services.cli.output.failure import Failure
from services.runtime.exit_codes import Exit

if TYPE_CHECKING:
    from services.cli.output.answers import Output
    from services.cli.session.connection import Connection
    from services.client.checkpoints.comparison import Finding
    from services.client.checkpoints.log_contact import LogContact

WAIT_S = 0.5
"""How long a command that has ended waits for the comparison."""

SUSPICIOUS_WAIT_S = 5.0
"""The same once something is not as it should be."""

AGAIN_S = 60.0
"""How often a command that goes on, such as a watch, compares again."""

AFTER_S = 2.0
"""How long an alarm waits for the end of a command, so that it comes after its answer."""

MISSED_MAX = 5
"""So often in a row may nothing be compared before that is said, too."""

BATCHES = frozenset({"Submit", "SubmitStream"})
"""What records, though no option of the contract says so: their items do."""

SILENT_AFTER = frozenset({Exit.UNAVAILABLE, Exit.NOT_PERMITTED})
"""After these it says nothing that nothing could be compared: the command said as much."""


@dataclass
class Contact:
    """One command's comparison."""

    connection: Connection
    output: Output
    pin: str = ""
    _task: asyncio.Task[None] | None = field(default=None, init=False)
    _compared: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _suspicious: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _finding: Finding | None = field(default=None, init=False)
    _problem: Failure | None = field(default=None, init=False)
    _said: set[str] = field(default_factory=set, init=False)

    def begin(self) -> None:
        """Compare beside the command, again and again while it goes on."""
        self._task = asyncio.create_task(self._run(), name="log contact")

    async def finish(self, ended: Exit) -> Exit:
        """Say what was found; return how the command ends with that."""
        await self._wait()
        await self._end()
        if not self._compared.is_set() and ended not in SILENT_AFTER:
            self._problem = await self._missed("TIMEOUT")
        if ended not in SILENT_AFTER:
            self._say_problem()
        self._say()
        alarmed = self._finding is not None and self._finding.alarm is not None
        return Exit.LOG_DIVERGES if alarmed and ended is Exit.OK and not self._records() else ended

    async def _end(self) -> None:
        """Compare no more. What broke in the comparison is said, and is no fault of the command."""
        if self._task is None:
            return
        self._task.cancel()
        (end,) = await asyncio.gather(self._task, return_exceptions=True)
        if isinstance(end, Exception):
            self._compared.set()
            self._problem = _unusable(self.output, f"{type(end).__name__}: {end}")

    async def _wait(self) -> None:
        compared = asyncio.create_task(self._compared.wait())
        until = {compared, *([self._task] if self._task else [])}
        for wait_s in (WAIT_S, SUSPICIOUS_WAIT_S):
            await asyncio.wait(until, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
            if not self._suspicious.is_set():
                break
        compared.cancel()

    async def _run(self) -> None:
        contact = await asyncio.to_thread(self._log_contact)  # imports, while the command waits
        if isinstance(contact, Failure):
            self._problem = contact
            self._compared.set()
            return
        while True:
            await self._once(contact)
            self._compared.set()
            await asyncio.sleep(AFTER_S)
            self._say()
            self._say_problem()
            await asyncio.sleep(AGAIN_S - AFTER_S)

    def _log_contact(self) -> LogContact | Failure:
        """Open what is kept. In a thread: it touches nothing that the event loop waits for."""
        from services.client.checkpoints.grpc_source import ServiceSource  # noqa: PLC0415 - as above
        from services.client.checkpoints.log_contact import LogContact  # noqa: PLC0415 - in a thread, beside
        from services.client.checkpoints.store import (  # noqa: PLC0415 - as above
            CheckpointStore,
            StoreUnusable,
        )

        try:
            store = CheckpointStore.of_user()
        except StoreUnusable as reason:
            return _unusable(self.output, str(reason))
        source = ServiceSource(self.connection)
        made = LogContact(source, store, self.connection.server, self.pin)
        made.suspicious = self._suspicious
        return made

    async def _once(self, contact: LogContact) -> None:
        from services.client.checkpoints.log_contact import NotCompared  # noqa: PLC0415 - imported beside
        from services.client.checkpoints.store import StoreUnusable  # noqa: PLC0415 - as above

        try:
            found = await contact.check()
        except NotCompared as reason:
            self._problem = await self._missed(str(reason))
        except StoreUnusable as reason:
            self._problem = _unusable(self.output, str(reason))
        else:
            self._problem = None
            if self._finding is None or self._finding.alarm is None:
                self._finding = found

    async def _missed(self, reason: str) -> Failure | None:
        """Count that nothing could be compared; say so once that is so for long."""
        from services.client.checkpoints.store import (  # noqa: PLC0415 - imported beside
            CheckpointStore,
            StoreUnusable,
        )

        try:
            store = CheckpointStore.of_user()
            missed = await asyncio.to_thread(store.missed, self.connection.server)
        except StoreUnusable as unusable:
            return _unusable(self.output, str(unusable))
        if missed.times < MISSED_MAX:
            return None
        said = self.output.said(
            "最近几次都无法把日志与保存的检查点比较", "the log could not be compared lately"
        )
        since = missed.since.isoformat(" ", "seconds")
        about = {"times": str(missed.times), "since": since, "because": reason}
        return Failure(Exit.OK, "LOG_NOT_COMPARED", said, about)

    def _say(self) -> None:
        from services.client.checkpoints import texts  # noqa: PLC0415 - only when there is something

        found = self._finding
        text = texts.headline(found, self.output.language) if found else ""
        if found is None or not text or text in self._said:
            return
        self._said.add(text)
        reason = texts.reason_of(found)
        about = texts.details(found, self.output.language)
        hint = self.output.said(
            "见 docs/how-to/watch-a-log.md", "docs/how-to/watch-a-log.md says what to do"
        )
        self.output.warn(Failure(Exit.LOG_DIVERGES, reason, text, about, hint=hint))

    def _say_problem(self) -> None:
        if self._problem is not None and self._problem.text not in self._said:
            self._said.add(self._problem.text)
            self.output.warn(self._problem)

    def _records(self) -> bool:
        """Tell whether a method was called that records."""
        return any(map(_is_recorded, self.connection.called))


def check_log_key(pin: str, output: Output) -> None:
    """Refuse a text that is no log's key. Raises Failure."""
    from services.client.checkpoints.log_key import KeyInvalid, LogKey  # noqa: PLC0415 - only with a key

    try:
        LogKey.parse(pin)
    except KeyInvalid as error:
        said = output.said("不是日志的验证密钥", "is no verifier key of a log")
        fields = {"--log-key": f"{said}: {error}"}
        raise Failure(Exit.USAGE, "FIELD_INVALID", fields["--log-key"], fields=fields) from None


def _unusable(output: Output, reason: str) -> Failure:
    said = output.said("无法保存或读取检查点", "checkpoints can't be kept or read")
    return Failure(Exit.OK, "CHECKPOINTS_UNUSABLE", said, {"because": reason})


def _is_recorded(path: str) -> bool:
    service, _, method = path.removeprefix("/").rpartition("/")
    if method in BATCHES:
        return True
    found = descriptor_pool.Default().FindMethodByName(f"{service}.{method}")
    return found.GetOptions().HasExtension(options_pb2.records)
