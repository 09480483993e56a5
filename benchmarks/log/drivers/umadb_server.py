"""UmaDB: its server from the wheel, a thread a writer; each append is conditional on its stream."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from uuid import uuid4

from protocol import payload, serve_threads
from umadb import AppendCondition, Client, Event, Query, QueryItem


def main(address: str) -> None:
    """Drive a server that runs."""
    client = Client(address)
    data = payload().encode()
    last: dict[str, int] = {}

    def append(stream: str, _version: int, batch: int) -> None:
        events = [
            Event(event_type="Reported", tags=[stream], data=data, uuid=uuid4())
            for _ in range(batch)
        ]
        mine = Query(items=[QueryItem(tags=[stream])])
        condition = AppendCondition(fail_if_events_match=mine, after=last.get(stream))
        last[stream] = client.append(events, condition=condition)

    def read() -> Iterator[int]:
        for event in client.read():
            assert event.event.data
            yield 1

    serve_threads(append, read)


if __name__ == "__main__":
    main(sys.argv[1])
