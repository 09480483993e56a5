"""The log as a file: written and read by PostgreSQL's own programs, and verified as it is read.

`pg_dump` takes one snapshot of the schemas: all of the log and of what was signed, the views empty,
for they are made again, and the vault empty, for keys have a backup of their own.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit
from uuid import UUID

from eventstore.integrity.chain_verifier import Divergence, Doubt, Verification
from eventstore.postgres.connection import primary_of
from eventstore.tlog.merkle import Tree, leaf_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

SCHEMAS = ("muster", "muster_view", "muster_vault")
MADE_ANEW = (
    "muster.snapshot",
    "muster.head",
    "muster.venue_incident",
    "muster.head_buckets",
    "muster_view.*",
    "muster_vault.*",
)
"""Tables whose rows are not saved: they follow from the log, or have a backup of their own."""

COMPRESSION = "gzip:1"
"""The fast one: what is sealed hardly gets smaller."""

POLL_S = 0.2
TELL_EVENTS = 5_000

COPY_ENDS = b"\\.\n"
VAULT_COPY = re.compile(
    rb"COPY muster_vault\.(?P<table>\w+) \((?P<columns>[\w, ]+)\) FROM stdin;\n"
)
ESCAPED = re.compile(rb"\\(.)")
ESCAPES = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


class ProgramFailed(Exception):
    """One of PostgreSQL's programs did not do what it was asked."""


class Row(NamedTuple):
    """An event as a dump has it."""

    position: int
    recorded_at: datetime
    occurred_at: datetime
    event_id: UUID
    version: int
    schema_version: int
    stream: str
    type: str
    data: str
    meta: str
    hash: bytes


class Copied(NamedTuple):
    """Rows of a table as COPY has them, escapes and all."""

    columns: Sequence[str]
    rows: Sequence[Sequence[bytes]]

    def text(self) -> bytes:
        """Return the rows for COPY to read."""
        return b"".join(b"\t".join(row) + b"\n" for row in self.rows)


COUNTS = 3
"""Where a checkpoint's row says whether it counts, after the note; earlier dumps don't say it."""


class Signed(NamedTuple):
    """A checkpoint that was dumped with the log."""

    lineage: int
    size: int
    root: bytes
    note: str


@dataclass
class Examined:
    """What a dump holds."""

    verification: Verification = field(default_factory=Verification)
    tree: Tree = field(default_factory=Tree)
    first: bytes = b""
    """The hash of the first event: what tells one log from another."""
    position: int = 0
    """Where the log ends."""
    head: bytes = b""
    """The hash of its last event."""
    checkpoint: Signed | None = None
    """The newest of its last lineage."""
    unsound: Divergence | None = None


async def write(programs: Path, dsn: str, file: Path, besides: Sequence[str]) -> None:
    """Dump the log, without the tables that are made again. Raises ProgramFailed."""
    chosen = [f"--schema={name}" for name in SCHEMAS]
    empty = [f"--exclude-table-data={name}" for name in MADE_ANEW]
    apart = [f"--exclude-table={name}" for name in besides]
    await _dump(programs, dsn, file, [*chosen, *empty, *apart])


async def write_keys(programs: Path, dsn: str, file: Path) -> None:
    """Dump the rows of the vault. Raises ProgramFailed."""
    await _dump(programs, dsn, file, ["--data-only", "--schema=muster_vault"])


async def load(programs: Path, dsn: str, file: Path) -> None:
    """Bring a dump into a database, all or nothing. Raises ProgramFailed."""
    how = ["--single-transaction", "--exit-on-error", "--no-owner"]
    await _run(programs / "pg_restore", dsn, [*how, str(file)])


def read_keys(programs: Path, file: Path) -> Mapping[str, Copied]:
    """Read the rows of the vault out of a dump, by table. Raises ProgramFailed."""
    command: list[str | Path] = [programs / "pg_restore", "--data-only", "--schema=muster_vault"]
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own program
        [*command, "--file=-", file], capture_output=True, check=False
    )
    if done.returncode:
        raise ProgramFailed(done.stderr.decode().strip() or f"pg_restore could not read {file}")
    found: dict[str, Copied] = {}
    lines = iter(done.stdout.splitlines(keepends=True))
    for line in lines:
        if (begins := VAULT_COPY.fullmatch(line)) is not None:
            rows = takewhile(lambda row: row != COPY_ENDS, lines)
            columns = begins["columns"].decode().split(", ")
            table = Copied(columns, [row.removesuffix(b"\n").split(b"\t") for row in rows])
            found[begins["table"].decode()] = table
    return found


def examine(programs: Path, file: Path, tell: Callable[[int], object]) -> Examined:
    """Read a dump as restoring it would, and verify chain and tree. Raises ProgramFailed."""
    found = Examined()
    roots = _checkpoints(programs, file)
    found.checkpoint = max(roots.values(), default=None, key=lambda one: one.size)
    with _rows(programs, file, "event") as rows:
        for row in _in_order(map(_event, rows)):
            found.first = found.first or row.hash
            found.position, found.head = row.position, row.hash
            found.verification.take(row)
            found.tree.append(leaf_hash(row.hash))
            signed = roots.pop(row.position, None)
            if signed and signed.root != found.tree.root() and found.unsound is None:
                found.unsound = _differs(signed, found.tree.root())
            if row.position % TELL_EVENTS == 0:
                tell(row.position)
    if roots and found.unsound is None:
        found.unsound = _differs(min(roots.values()), found.tree.root())
    found.unsound = found.verification.divergence or found.unsound
    return found


def _in_order(rows: Iterable[Row]) -> Iterator[Row]:
    """Return rows by position: where an append was cut off, a later one may lie in its place."""
    early: dict[int, Row] = {}
    position = 0
    for row in rows:
        early[row.position] = row
        while (following := early.pop(position + 1, None)) is not None:
            yield following
            position += 1
    for late in sorted(early):
        yield early[late]


def _differs(signed: Signed, root: bytes) -> Divergence:
    return Divergence(signed.size, "", 0, Doubt.ROOT, signed.root.hex(), root.hex())


def _checkpoints(programs: Path, file: Path) -> dict[int, Signed]:
    """Read what was signed of the newest lineage and counts, by size."""
    found: list[Signed] = []
    with _rows(programs, file, "checkpoint") as rows:
        for lineage, size, root, note, *more in rows:
            if more[COUNTS:] == [b"f"]:
                continue  # its witnesses are missing, or it is acknowledged that nobody signed it
            found.append(Signed(int(lineage), int(size), _bytes(root), note.decode()))
    last = max((one.lineage for one in found), default=0)
    return {one.size: one for one in found if one.lineage == last}


def _event(columns: list[bytes]) -> Row:
    said = [column.decode() for column in columns[:-1]]
    return Row(
        position=int(said[0]),
        recorded_at=datetime.fromisoformat(said[1]),
        occurred_at=datetime.fromisoformat(said[2]),
        event_id=UUID(said[3]),
        version=int(said[4]),
        schema_version=int(said[5]),
        stream=said[6],
        type=said[7],
        data=said[8],
        meta=said[9],
        hash=_bytes(columns[-1]),
    )


def _bytes(text: bytes) -> bytes:
    return bytes.fromhex(text.removeprefix(b"\\x").decode())


@contextmanager
def _rows(programs: Path, file: Path, table: str) -> Iterator[Iterator[list[bytes]]]:
    """Read the rows of a table of the log out of a dump, column by column, as texts."""
    command: list[str | Path] = [programs / "pg_restore", "--data-only", "--schema=muster"]
    with subprocess.Popen(  # noqa: S603 - PostgreSQL's own program
        [*command, f"--table={table}", "--file=-", file],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None  # noqa: S101 - as it was asked for
        assert process.stderr is not None  # noqa: S101 - as above
        yield _columns(process.stdout)
        for _ in process.stdout:
            pass
        said = process.stderr.read().decode()
        if process.wait():
            raise ProgramFailed(said.strip() or f"pg_restore could not read {file}")


def _columns(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    inside = False
    for line in lines:
        if not inside:
            inside = line.startswith(b"COPY ")
        elif line == COPY_ENDS:
            return
        else:
            yield [_unescaped(column) for column in line[:-1].split(b"\t")]


def _unescaped(column: bytes) -> bytes:
    if b"\\" not in column:
        return column
    return ESCAPED.sub(lambda found: ESCAPES.get(found[1], found[1]), column)


async def _dump(programs: Path, dsn: str, file: Path, what: Sequence[str]) -> None:
    form = ["--format=custom", f"--compress={COMPRESSION}", "--no-owner", f"--file={file}"]
    await _run(programs / "pg_dump", dsn, [*form, *what])


async def _run(program: Path, dsn: str, asked: Sequence[str]) -> None:
    """Run a program on a database; the password is in its environment, where nobody else looks."""
    where, password = _apart(await primary_of(dsn))
    environment = {**os.environ, "PGTZ": "UTC", **({"PGPASSWORD": password} if password else {})}
    process = await asyncio.create_subprocess_exec(
        program,
        *(f"--dbname={where}", "--no-password", *asked),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    try:
        _, said = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise ProgramFailed(said.decode(errors="replace").strip())


def _apart(dsn: str) -> tuple[str, str]:
    """Return an address without its password, and the password."""
    parts = urlsplit(dsn)
    who, at, where = parts.netloc.rpartition("@")
    name, _, password = who.partition(":")
    return urlunsplit(parts._replace(netloc=f"{name}{at}{where}")), unquote(password)
