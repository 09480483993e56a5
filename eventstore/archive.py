"""What the notary keeps outside the database: one folder per lineage of the log.

    <folder>/<lineage>/checkpoint        the newest signed checkpoint
    <folder>/<lineage>/cosigned          the newest one that witnesses cosigned, if there are any
    <folder>/<lineage>/log.vkey          who signs
    <folder>/<lineage>/tile/...          the tree, for any tool of transparency logs
    <folder>/<lineage>/timestamp/<size>  .note and .tsr: a checkpoint and its RFC 3161 token

A lineage ends where the log was found to be another one, and somebody acknowledged that: the next
one has an origin and a tree of its own. Every file is there whole or not at all; checkpoints and
timestamps also outlast a power cut, while tiles that did not are made again from the log.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eventstore.merkle import HASH_BYTES
from eventstore.tiles import (
    CHECKPOINT,
    WIDTH,
    Tile,
    decode_tile,
    encode_bundle,
    encode_tile,
    root_over,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

COSIGNED = "cosigned"
VKEY = "log.vkey"
TIMESTAMPS = "timestamp"
LOCK = "lock"


class ArchiveInUse(Exception):  # noqa: N818 - a state
    """Another notary keeps this folder."""


@dataclass(frozen=True, slots=True)
class Archive:
    """The folder of one lineage."""

    folder: Path
    lineage: int = 1

    @property
    def place(self) -> Path:
        """Return where its files are."""
        return self.folder / str(self.lineage)

    def checkpoint(self, name: str = CHECKPOINT) -> str | None:
        """Return the newest checkpoint's note; None before the first."""
        content = self._read(name)
        return None if content is None else content.decode()

    def log_key(self) -> str | None:
        """Return who signs."""
        content = self._read(VKEY)
        return None if content is None else content.decode().strip()

    def keep_checkpoint(self, note: str, name: str = CHECKPOINT) -> None:
        """Replace the newest checkpoint; once this returns it outlasts a power cut."""
        self.keep(name, note.encode(), durably=True)

    def keep_tile(self, tile: Tile, hashes: Sequence[bytes]) -> None:
        """Keep a tile. A whole one replaces the partial ones before it."""
        self.keep(tile.path, encode_tile(hashes))
        if tile.width == WIDTH:
            self._forget_partial(tile.path)

    def keep_entries(self, tile: Tile, entries: Sequence[bytes]) -> None:
        """Keep the entries under a tile of level 0."""
        self.keep(tile.bundle_path, encode_bundle(entries))
        if tile.width == WIDTH:
            self._forget_partial(tile.bundle_path)

    def tile(self, tile: Tile) -> Sequence[bytes] | None:
        """Return the hashes of a tile, out of a wider one if need be; None if they aren't kept."""
        for found in (tile, tile._replace(width=WIDTH)):
            content = self._read(found.path)
            if content is not None and len(content) == found.width * HASH_BYTES:
                return decode_tile(content, found)[: tile.width]
        return None

    def has(self, tile: Tile) -> bool:
        """Tell whether a tile is there in its whole length, or a wider one."""
        for found in (tile, tile._replace(width=WIDTH)):
            try:
                size = (self.place / found.path).stat().st_size
            except OSError:
                continue
            if size == found.width * HASH_BYTES:
                return True
        return False

    def leaves(self, number: int, size: int) -> Sequence[bytes] | None:
        """Return the leaves of a tile, as far as a tree of some size has them."""
        width = min(size - number * WIDTH, WIDTH)
        return self.tile(Tile(0, number, width)) if width > 0 else []

    def roots(self, size: int, root: bytes) -> Sequence[bytes] | None:
        """Return the roots of the whole tiles of leaves of a tree; None unless they prove right."""
        found: list[bytes] = []
        whole = size // WIDTH
        for first in range(0, whole, WIDTH):
            hashes = self.tile(Tile(1, first // WIDTH, min(whole - first, WIDTH)))
            if hashes is None:
                return None
            found += hashes
        tail = self.leaves(whole, size)
        if tail is None or root_over([tail, found]) != root:
            return None
        return found

    def keep(self, name: str, content: bytes, *, durably: bool = False) -> None:
        """Write a file, whole or not at all."""
        file = self.place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{file.name}.part")
        with part.open("wb") as writing:
            writing.write(content)
            writing.flush()
            if durably:
                os.fsync(writing.fileno())
        part.replace(file)
        if durably:
            _sync(file.parent)

    def _read(self, name: str) -> bytes | None:
        try:
            return (self.place / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _forget_partial(self, path: str) -> None:
        partial = self.place / f"{path}.p"
        if partial.is_dir():
            for file in partial.iterdir():
                file.unlink(missing_ok=True)
            partial.rmdir()


def newest(folder: Path) -> Archive | None:
    """Return the last lineage that has a checkpoint; None if nothing was ever signed."""
    if not folder.is_dir():
        return None
    numbers = [int(entry.name) for entry in folder.iterdir() if entry.name.isdecimal()]
    kept = (Archive(folder, number) for number in sorted(numbers, reverse=True))
    return next((archive for archive in kept if (archive.place / CHECKPOINT).exists()), None)


@contextmanager
def kept_alone(folder: Path) -> Iterator[None]:
    """Hold the folder as its one notary on this machine. Raises ArchiveInUse."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ArchiveInUse(f"another notary keeps {folder}") from None
        yield


def _sync(folder: Path) -> None:
    """Make the names in a folder outlast a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
