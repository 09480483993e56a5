"""Muster's log: one process, one coalescing writer, as many tasks as writers."""

from __future__ import annotations

import struct
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime

import uvloop

from benchmarks.log.drivers.protocol import payload, serve_async
from eventstore.integrity.copy_format import COPY, COPY_HEADER_BYTES, FIXED, LENGTH
from eventstore.log import append_request
from eventstore.log.events import Appended, NewEvent
from eventstore.log.log import Log
from eventstore.postgres.connection import LOG_SETTINGS, connect
from eventstore.recorder.event_ids import event_id, new_command_id
from services.process import collect_seldom

META = '{"actor":"desk","command_id":"0b8e4f3c-3f0e-4f5e-9f52-6a7d1c2b3a40"}'
DATA = payload()[: -len(META) - 2] + '"}'
"""Data and meta together are what the others have as one."""

POSITION_MAX = 2**63 - 1
UNSEALED = "muster.append_unsealed"


class Rows:
    """All columns of all events, as the log's verification reads them: nothing is decoded."""

    def __init__(self) -> None:
        self.count = 0
        self._left = b""
        self._begun = False

    async def take(self, chunk: bytes) -> None:
        """Split what came into rows and columns."""
        content = self._left + bytes(chunk)
        at = 0
        if not self._begun:
            at, self._begun = COPY_HEADER_BYTES, True
        rows = []
        fixed, length, end = FIXED.unpack_from, LENGTH.unpack_from, len(content)
        with suppress(struct.error):  # the content ends within a row
            while True:
                *columns, size = fixed(content, at)
                kind = at + FIXED.size + size
                data = kind + 4 + length(content, kind)[0]
                meta = data + 4 + length(content, data)[0]
                past = meta + 4 + length(content, meta)[0]
                if past > end:
                    break
                texts = content[kind - size : kind], content[kind + 4 : data]
                rows.append((*columns, *texts, content[data + 4 : meta], content[meta + 4 : past]))
                at = past
        self.count += len(rows)
        self._left = content[at:]


async def main(dsn: str, *, sealed: bool) -> None:
    """Drive a log."""
    if not sealed:
        append_request.APPEND = append_request.APPEND.replace("muster.append", UNSEALED)
        append_request.APPEND_ONE = append_request.APPEND_ONE.replace("muster.append", UNSEALED)
    log = await Log.open(dsn)
    reader = await connect(dsn, LOG_SETTINGS)
    collect_seldom()

    async def append(stream: str, version: int, batch: int) -> None:
        now = datetime.now(UTC)
        command = new_command_id()
        ids = [event_id(command, number) for number in range(batch)]
        events = [NewEvent(one, "Reported", 1, now, DATA, META) for one in ids]
        done = await log.append(f"incident/{stream}", version, events)
        assert isinstance(done, Appended), done

    async def read() -> AsyncIterator[int]:
        rows = Rows()
        await reader.copy_from_query(COPY, 1, POSITION_MAX, output=rows.take, format="binary")
        yield rows.count

    await serve_async(append, read)
    await reader.close()
    await log.close()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sealed=sys.argv[2:] != ["unsealed"]))
