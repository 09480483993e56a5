"""Shares of keys: 32 random bytes for each, in a folder outside the database, destroyed for good.

A key is wrapped by the vault's key and its share together (`eventstore.privacy.key_wrap`), so a
copy of the database says nothing once the share is destroyed, whoever has the vault's key.

    <folder>/00000007.shares     block 7: 32 bytes that are its id, then 4,096 shares of 32 bytes

A block is made whole, before its first share is used, and so is the one after it: a copy of the
folder also has the shares of keys that were made since, of one block at least. From then on shares
are only ever overwritten with zeros. The database knows the id of each block: nobody makes a block
anew in a folder that is not mounted, or on a host that has another one.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from itertools import groupby
from typing import TYPE_CHECKING

from eventstore.privacy.sealed import VaultBroken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from io import FileIO
    from pathlib import Path
    from typing import Literal

SHARE_BYTES = 32
ID_BYTES = 32
BLOCK_SHARES = 4_096
BLOCK_BYTES = ID_BYTES + BLOCK_SHARES * SHARE_BYTES
DESTROYED = bytes(SHARE_BYTES)
SUFFIX = ".shares"
PRIVATE, PRIVATE_FOLDER = 0o600, 0o700


class Shares:
    """The shares in a folder. Its methods block for as long as the disk takes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of(self, number: int) -> bytes | None:
        """Return a share; None once it is destroyed. Raises VaultBroken if it is not there."""
        return self.read([number])[number]

    def read(self, numbers: Iterable[int]) -> dict[int, bytes | None]:
        """Return shares by their numbers, as `of` does."""
        found: dict[int, bytes | None] = {}
        for number, group in by_block(numbers):
            with self._block(number, "rb") as block:
                for share in group:
                    said = os.pread(block.fileno(), SHARE_BYTES, _offset(share))
                    if len(said) != SHARE_BYTES:
                        raise VaultBroken(f"{block.name} was cut")
                    found[share] = None if said == DESTROYED else said
        return found

    def destroy(self, numbers: Iterable[int]) -> None:
        """Overwrite shares, and wait until the disk has it. Raises VaultBroken."""
        for number, group in by_block(numbers):
            with self._block(number, "r+b") as block:
                for share in group:
                    os.pwrite(block.fileno(), DESTROYED, _offset(share))
                os.fsync(block.fileno())

    def living(self, numbers: Iterable[int]) -> list[int]:
        """Return those that are not destroyed. Raises VaultBroken."""
        return [number for number, share in self.read(numbers).items() if share is not None]

    def id_of(self, block: int) -> bytes | None:
        """Return what tells a block from any other; None if there is no such block."""
        with suppress(FileNotFoundError), self._file(block).open("rb") as file:
            return file.read(ID_BYTES)
        return None

    def make(self, block: int) -> bytes:
        """Make a block, unless another process was faster; return its id."""
        self._keep(self._file(block), secrets.token_bytes(BLOCK_BYTES))
        found = self.id_of(block)
        assert found is not None, "it is there now"  # noqa: S101 - an invariant
        return found

    def blocks(self) -> Sequence[Path]:
        """Return the files of all blocks."""
        return sorted(self.folder.glob(f"*{SUFFIX}"))

    def adopt(self, copy: Path) -> None:
        """Take a block from a copy; one that is there already stays, destroyed as it is.

        Raises VaultBroken if the one that is there is of another vault.
        """
        content, here = copy.read_bytes(), self.folder / copy.name
        if len(content) != BLOCK_BYTES:
            raise VaultBroken(f"{copy} is no block of shares")
        self._keep(here, content)
        if here.read_bytes()[:ID_BYTES] != content[:ID_BYTES]:
            raise VaultBroken(f"{here} is of another vault than {copy}: name another folder")

    def _file(self, block: int) -> Path:
        return self.folder / f"{block:08d}{SUFFIX}"

    def _block(self, number: int, mode: Literal["rb", "r+b"]) -> FileIO:
        file = self._file(number)
        try:
            return file.open(mode, buffering=0)
        except FileNotFoundError:
            raise VaultBroken(f"there is no {file}: is the folder of shares mounted?") from None

    def _keep(self, file: Path, content: bytes) -> None:
        """Write a file that appears whole, and only if there is none yet."""
        if file.exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
        part = file.with_name(f"{file.name}.{secrets.token_hex(8)}.part")
        with open(part, "xb", opener=_private) as written:
            written.write(content)
            written.flush()
            os.fsync(written.fileno())
        with suppress(FileExistsError):
            os.link(part, file)
        part.unlink()
        for folder in (self.folder, self.folder.parent):
            _sync(folder)


def by_block(numbers: Iterable[int]) -> Iterator[tuple[int, list[int]]]:
    """Return numbers of shares with the block that they are in."""
    for block, group in groupby(sorted(set(numbers)), lambda one: one // BLOCK_SHARES):
        yield block, list(group)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE)


def _offset(number: int) -> int:
    return ID_BYTES + number % BLOCK_SHARES * SHARE_BYTES


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
