"""eventsourcing on PostgreSQL: its recorder, a thread a writer, with or without its functions."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresFactory
from eventsourcing.utils import Environment
from protocol import payload, serve_threads

PAGE = 10_000


def main(dsn: str, functions: str) -> None:
    """Drive it. `functions` is y or n."""
    where = urlsplit(dsn)
    query = parse_qs(where.query)
    environment = {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": where.path.lstrip("/"),
        "POSTGRES_HOST": query["host"][0],
        "POSTGRES_PORT": query["port"][0],
        "POSTGRES_USER": where.username or "",
        "POSTGRES_PASSWORD": unquote(where.password or ""),
        "POSTGRES_ENABLE_DB_FUNCTIONS": functions,
        "POSTGRES_POOL_SIZE": "16",
        "POSTGRES_MAX_OVERFLOW": "4",
    }
    recorder = PostgresFactory(Environment("App", environment)).application_recorder()
    state = payload().encode()

    def append(stream: str, version: int, batch: int) -> None:
        key = UUID(stream)
        recorder.insert_events(
            [StoredEvent(key, version + n, "Reported", state) for n in range(1, batch + 1)]
        )

    def read() -> Iterator[int]:
        start = 1
        while page := recorder.select_notifications(start=start, limit=PAGE):
            yield len(page)
            start = page[-1].id + 1

    serve_threads(append, read)


if __name__ == "__main__":
    main(*sys.argv[1:])
