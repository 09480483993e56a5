"""Where a notary begins: what was signed last, compared with the log before anything else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from eventstore.archive import VKEY, Archive, newest
from eventstore.audit import Signed, locate
from eventstore.checkpoint import heads_of, open_checkpoint
from eventstore.committing import settle
from eventstore.growing import Growing, LogDiffers
from eventstore.heads.audit import heads_differ
from eventstore.heads.index import HeadIndex
from eventstore.note import NoteInvalid
from eventstore.proofs import LATEST, Kept
from eventstore.refusing import acknowledged, is_of
from eventstore.tail import HEAD
from eventstore.tiles import tiles_of

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from eventstore.connecting import Connection
    from eventstore.growing import Subtree
    from eventstore.note import Signer

KEEP_CHECKPOINT = """
    INSERT INTO muster.checkpoint (lineage, size, root, note) VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING"""
KEEP_SUBTREES = """
    INSERT INTO muster.subtree (level, number, hash)
    SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[])
    ON CONFLICT (level, number) DO UPDATE SET hash = excluded.hash
    WHERE subtree.hash <> excluded.hash"""
FORGET_SUBTREES = "DELETE FROM muster.subtree WHERE number >= $1::bigint >> (8 * level)"


FAR = 2**62
"""As far as there is."""


class KeyDiffers(Exception):  # noqa: N818 - a state
    """What is in the folder was signed by another key than the one that was given."""


class Published(NamedTuple):
    """A checkpoint that was signed, and where it is kept."""

    archive: Archive
    signed: Signed
    note: str

    @property
    def heads(self) -> bytes | None:
        """Return the root of the map of heads that was signed with it."""
        return heads_of(self.note)


@dataclass(frozen=True)
class Beginning:
    """Where a notary goes on: the lineage, its tree and map so far, and what was signed of it."""

    archive: Archive
    growing: Growing
    heads: HeadIndex
    published: Published | None

    async def read_on(self, connection: Connection) -> datetime | None:
        """Take the next page of the log into both; return since when its first event is there.

        Raises LogDiffers.
        """
        since = await self.growing.read_on(connection, FAR)
        await self.heads.read_on(connection, self.growing.size)
        return since

    async def keep(self, connection: Connection) -> None:
        """Keep in the database what proofs under the next checkpoint are made of."""
        await keep_subtrees(connection, self.growing.subtrees)
        await self.heads.keep(connection)


async def begin(connection: Connection, folder: Path, signer: Signer) -> Beginning:
    """Compare what was signed last with the log. Raises LogDiffers and KeyDiffers."""
    published = await last(connection, folder, signer)
    if published is None:
        return await _lineage(connection, Archive(folder), signer)
    growing = await grown(connection, published.signed.size)
    if (growing.size, growing.root()) == published.signed:
        await _repair(connection, published, growing, signer)
        heads = await _heads(connection, published)
        return Beginning(published.archive, growing, heads, published)
    for one in reversed(await acknowledged(connection)):
        of_this = (published.archive.lineage, *published.signed)
        if (one.lineage, one.signed_size, bytes.fromhex(one.signed_root)) == of_this:
            then = await grown(connection, one.size)
            if (then.size, then.root().hex()) == (one.size, one.root):
                archive = Archive(folder, one.lineage + 1)
                return await _lineage(connection, archive, signer)
    size = int(await connection.fetchval(HEAD))
    tiles = [subtree.hash for subtree in growing.subtrees if subtree.level == 1]
    found = await locate(connection, published.signed, published.archive, size, tiles)
    raise LogDiffers(found)


async def last(connection: Connection, folder: Path, signer: Signer) -> Published | None:
    """Return what was signed last: in the folder, or in the database if that came further.

    Raises KeyDiffers if what is in the folder is not signed by this key; in the database it is not
    worth a word.
    """
    found = _in_folder(folder, signer)
    row = await connection.fetchrow(LATEST)
    if row is None:
        return found
    kept = Kept._make(row)
    if found and (kept.lineage, kept.size) <= (found.archive.lineage, found.signed.size):
        return found
    try:
        checkpoint = open_checkpoint(kept.note, named(signer, kept.lineage).verifier)
    except NoteInvalid:
        return found
    signed = Signed(checkpoint.size, checkpoint.root)
    return Published(Archive(folder, kept.lineage), signed, kept.note)


async def grown(connection: Connection, size: int) -> Growing:
    """Return the tree over the log up to a size, or over all of it if it is smaller."""
    growing = Growing()
    before = -1
    while before < growing.size < size:
        before = growing.size
        await growing.read_on(connection, size)
    return growing


async def keep_subtrees(connection: Connection, subtrees: list[Subtree]) -> None:
    """Keep the roots of whole tiles for those who prove, and take them off the list."""
    if subtrees:
        levels, numbers, hashes = zip(*subtrees, strict=True)
        await connection.execute(KEEP_SUBTREES, levels, numbers, hashes)
        subtrees.clear()


async def keep_checkpoint(connection: Connection, published: Published) -> None:
    """Keep a checkpoint for those who ask. Fails if the session is not that of the notary."""
    lineage, (size, root) = published.archive.lineage, published.signed
    await connection.execute(KEEP_CHECKPOINT, lineage, size, root, published.note)


def named(signer: Signer, lineage: int) -> Signer:
    """Return the key under the name of a lineage: the log's own, and later `<name>/2` and so on."""
    return signer if lineage == 1 else signer.named(f"{signer.name}/{lineage}")


def _in_folder(folder: Path, signer: Signer) -> Published | None:
    archive = newest(folder)
    note = archive.checkpoint() if archive else None
    if archive is None or note is None:
        return None
    try:
        checkpoint = open_checkpoint(note, named(signer, archive.lineage).verifier)
    except NoteInvalid as error:
        raise KeyDiffers(f"{archive.place / 'checkpoint'}: {error}") from None
    return Published(archive, Signed(checkpoint.size, checkpoint.root), note)


async def _lineage(connection: Connection, archive: Archive, signer: Signer) -> Beginning:
    """Begin a tree of its own, before the first event."""
    _keep_name(archive, signer)
    await connection.execute(FORGET_SUBTREES, 0)
    heads = await HeadIndex.begin(connection, archive.lineage, 0, None)
    return Beginning(archive, Growing(archive), heads, None)


async def _heads(connection: Connection, published: Published) -> HeadIndex:
    """Return the map of heads under a checkpoint. Raises LogDiffers if that signed another one."""
    lineage, size, signed = published.archive.lineage, published.signed.size, published.heads
    heads = await HeadIndex.begin(connection, lineage, size, signed)
    if signed is not None and signed != heads.root():
        found = heads_differ(size, signed, heads.root())
        if not any(is_of(found, what) for what in await acknowledged(connection)):
            raise LogDiffers(found)
    return heads


async def _repair(
    connection: Connection, published: Published, growing: Growing, signer: Signer
) -> None:
    """Have the folder and the database hold all that belongs to what was signed."""
    archive, size = published.archive, published.signed.size
    if not all(map(archive.has, tiles_of(size))):
        again = Growing(archive)
        while again.size < size:
            await again.read_on(connection, size)
        again.keep_end()
    growing.keep_in(archive)
    _keep_name(archive, signer)
    if archive.checkpoint() != published.note:
        await settle(connection)
        archive.keep_checkpoint(published.note)
    await connection.execute(FORGET_SUBTREES, size)
    await keep_subtrees(connection, growing.subtrees)
    await keep_checkpoint(connection, published)


def _keep_name(archive: Archive, signer: Signer) -> None:
    """Say who signs, for whoever checks."""
    vkey = named(signer, archive.lineage).verifier.vkey
    if archive.log_key() != vkey:
        archive.keep(VKEY, f"{vkey}\n".encode(), durably=True)
