"""What the notary keeps outside the database: one folder per lineage of the log.

    <folder>/<lineage>/checkpoint        the newest signed checkpoint
    <folder>/<lineage>/cosigned          the newest one that witnesses cosigned, if there are any
    <folder>/<lineage>/log.vkey          who signs
    <folder>/<lineage>/tile/...          the tree, for any tool of transparency logs
    <folder>/<lineage>/timestamp/<size>  .note and .tsr: a checkpoint and its RFC 3161 token
    <folder>/divergences/<name>.json     what the notary found itself (own_divergences)

A lineage ends where the log was found to be another one, and somebody acknowledged that: the next
one has an origin and a tree of its own. Every file is there whole or not at all; checkpoints and
timestamps also outlast a power cut, while tiles that did not are made again from the log.

Evidence is written once: a checkpoint is followed by a larger one only, and what is under it is
never replaced by another content. Tiles beyond it are drafts.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eventstore.integrity.chain_verifier import Divergence, Doubt
from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.merkle import HASH_BYTES
from eventstore.tlog.note import Note, NoteInvalid
from eventstore.tlog.tiles import (
    CHECKPOINT,
    HEIGHT,
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


class ArchiveInUse(Exception):
    """Another notary keeps this folder."""


class EvidenceDiffers(Exception):
    """The folder holds another content under a name that is written once; it was not replaced."""

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(f"{name} is there with another content than {expected}")
        self.name = name
        self.expected = expected

    def at(self, size: int) -> Divergence:
        """Return it as what differs where so many events are signed."""
        return Divergence(size, "", 0, Doubt.ARCHIVE, self.expected, f"another {self.name}")


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
        """Follow the newest checkpoint by a larger one; then it outlasts a power cut.

        Raises EvidenceDiffers if the one there is larger, or of the same size with another root.
        """
        before = self.checkpoint(name)
        if before is not None and before != note and not _follows(before, note):
            raise EvidenceDiffers(f"{self.lineage}/{name}", "one that this checkpoint may follow")
        self.keep(name, note.encode(), durably=True)

    def keep_timestamp(self, size: int, note: str, token: bytes) -> None:
        """Keep an authority's answer about a checkpoint; the first one stays.

        Raises EvidenceDiffers if the one there is about another checkpoint.
        """
        place = f"{TIMESTAMPS}/{size}"
        if self._read(f"{place}.tsr") is not None:
            if not _same_text(self.checkpoint(f"{place}.note"), note):
                raise EvidenceDiffers(f"{self.lineage}/{place}.note", "the checkpoint stamped now")
            return
        self.keep(f"{place}.note", note.encode(), durably=True)
        self.keep(f"{place}.tsr", token, durably=True)

    def stamped(self, most: int) -> Sequence[str]:
        """Return the newest checkpoints that were timestamped, at most so many."""
        files = (self.place / TIMESTAMPS).glob("*.note")
        sizes = sorted((int(file.stem) for file in files if file.stem.isdecimal()), reverse=True)
        found = [self.checkpoint(f"{TIMESTAMPS}/{size}.note") for size in sizes[:most]]
        return [note for note in found if note is not None]

    def keep_tile(self, tile: Tile, hashes: Sequence[bytes]) -> None:
        """Keep a tile. A whole one takes the place of the partial ones, which it begins with.

        Raises EvidenceDiffers if another one was signed.
        """
        self._keep_once(tile, tile.path, encode_tile(hashes))

    def keep_entries(self, tile: Tile, entries: Sequence[bytes]) -> None:
        """Keep the entries under a tile of level 0. Raises EvidenceDiffers likewise."""
        self._keep_once(tile, tile.bundle_path, encode_bundle(entries))

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
        keep_whole(self.place / name, content, durably=durably)

    def _read(self, name: str) -> bytes | None:
        try:
            return (self.place / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _keep_once(self, tile: Tile, path: str, content: bytes) -> None:
        """Write a tile, or the entries under it, unless another one is under the checkpoint."""
        before = self._read(path)
        if before == content:
            return
        if before is not None and len(before) == len(content) and self._is_signed(tile):
            raise EvidenceDiffers(f"{self.lineage}/{path}", "what the log leads to")
        self.keep(path, content)
        if tile.width == WIDTH:
            self._outgrow_partial(tile, path, content)

    def _outgrow_partial(self, tile: Tile, path: str, content: bytes) -> None:
        """Remove the partial tiles that a whole one begins with."""
        partial = self.place / f"{path}.p"
        if not partial.is_dir():
            return
        for file in partial.iterdir():
            if file.name.isdecimal():
                before, width = file.read_bytes(), int(file.name)
                begins = content.startswith(before) or len(before) != len(content) // WIDTH * width
                if not begins and self._is_signed(tile._replace(width=width)):
                    name = f"{self.lineage}/{path}.p/{file.name}"
                    raise EvidenceDiffers(name, "what the log leads to")
            file.unlink(missing_ok=True)
        partial.rmdir()

    def _is_signed(self, tile: Tile) -> bool:
        """Tell whether a tile is under the newest checkpoint; what can't be read counts as one."""
        note = self.checkpoint()
        ends = (tile.number * WIDTH + tile.width) << HEIGHT * tile.level
        said = _parsed(note)
        return note is not None and (said is None or ends <= said.size)


def _parsed(note: str | None) -> Checkpoint | None:
    try:
        return None if note is None else Checkpoint.parse(Note.parse(note).text)
    except NoteInvalid:
        return None


def _follows(before: str, note: str) -> bool:
    """Tell whether a checkpoint may take the place of another one."""
    one, other = _parsed(before), _parsed(note)
    if one is None or other is None or one.origin != other.origin:
        return False
    return one.size < other.size or (one.size, one.root) == (other.size, other.root)


def _same_text(before: str | None, note: str) -> bool:
    one, other = _parsed(before), _parsed(note)
    return one is not None and one == other


def newest(folder: Path) -> Archive | None:
    """Return the last lineage that has a checkpoint; None if nothing was ever signed."""
    return _last_with(CHECKPOINT, folder)


def named(folder: Path) -> Archive | None:
    """Return the last lineage that says who signs it, also before its first checkpoint."""
    return _last_with(VKEY, folder)


def _last_with(file: str, folder: Path) -> Archive | None:
    if not folder.is_dir():
        return None
    numbers = [int(entry.name) for entry in folder.iterdir() if entry.name.isdecimal()]
    lineages = (Archive(folder, number) for number in sorted(numbers, reverse=True))
    return next((archive for archive in lineages if (archive.place / file).exists()), None)


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


def keep_whole(file: Path, content: bytes, *, durably: bool) -> None:
    """Write a file, whole or not at all."""
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


def _sync(folder: Path) -> None:
    """Make the names in a folder outlast a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
