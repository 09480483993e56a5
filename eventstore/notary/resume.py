"""Where a notary begins: what was signed last, compared with the log before anything else."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eventstore.divergence.notary_divergences import is_own
from eventstore.divergence.write_gate import (
    ENDING,
    OF_THE_TREE,
    Compared,
    acknowledged,
    gate,
    standing_of,
)
from eventstore.heads.index import HeadIndex
from eventstore.integrity.archive import VKEY, Archive
from eventstore.integrity.audit import Signed, locate
from eventstore.integrity.chain_verifier import Divergence, Doubt
from eventstore.integrity.tree_builder import Claim, LogDiffers, TreeBuilder
from eventstore.log.subscription import HEAD
from eventstore.notary.evidence import Evidence, KeyDiffers, Published, covers, gather, named
from eventstore.notary.resume_heads import index_under
from eventstore.postgres.replicated_commit import settle
from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.note import Note, NoteInvalid
from eventstore.tlog.tiles import tiles_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from domain.record.divergence import Diverged
    from eventstore.integrity.tree_builder import Subtree
    from eventstore.postgres.connection import Connection
    from eventstore.tlog.note import Signer

FOLDER_POLL_S = 0.5

KEEP_CHECKPOINT = """
    INSERT INTO muster.checkpoint AS kept (lineage, size, root, note, counts)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (lineage, size) DO UPDATE SET counts = kept.counts
    RETURNING root, note, counts"""
COUNT = "UPDATE muster.checkpoint SET counts = true WHERE lineage = $1 AND size = $2"
REPLACE = """
    UPDATE muster.checkpoint SET root = $3, note = $4, counts = $5
    WHERE lineage = $1 AND size = $2"""
DISCOUNT = """
    UPDATE muster.checkpoint SET counts = false
    WHERE ((lineage, size) > ($1, $2) AND (lineage, size) <= ($3, $4))
       OR (lineage, size) = ($3, $4)"""
KEEP_SUBTREES = """
    INSERT INTO muster.subtree (level, number, hash)
    SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[])
    ON CONFLICT (level, number) DO UPDATE SET hash = excluded.hash
    WHERE subtree.hash <> excluded.hash"""
FORGET_SUBTREES = "DELETE FROM muster.subtree WHERE number >= $1::bigint >> (8 * level)"


class FolderLacking(Exception):
    """The folder lacks what the database says was signed: nothing is signed until that is known."""

    def __init__(self, there: Claim, here: Published | None) -> None:
        has = f"one over {here.signed.size}" if here else "none"
        expected = f"the checkpoint over {there.size} events"
        missing = Divergence(there.size, "", 0, Doubt.FOLDER, expected, has)
        signed = Signed(there.size, there.root)
        self.standing = standing_of(missing, Compared(there.lineage, signed, signed))
        """Its name is the same for as long as nothing is signed."""
        super().__init__(
            f"the notary's folder does not have {expected}, but {has}: nothing is signed; bring it "
            f"back, or `muster acknowledge {self.standing.divergence}`"
        )


@dataclass(frozen=True)
class ResumePoint:
    """Where a notary goes on: the lineage, its tree and map so far, and what was signed of it."""

    archive: Archive
    growing: TreeBuilder
    heads: HeadIndex
    published: Published | None


async def resume(
    connection: Connection, folder: Path, signer: Signer, *, counts: bool = True
) -> ResumePoint:
    """Compare all that was signed with the log: the log begins with both, or it differs.

    Raises LogDiffers, FolderLacking and KeyDiffers.
    """
    known = await acknowledged(connection)
    evidence = await gather(connection, folder, signer)
    published = evidence.newest
    if published is None:
        await _discount_forged(connection, evidence, known)
        return await _lineage(connection, Archive(folder), signer)
    growing, differs = await _compared(connection, evidence, known)
    # Anybody under the runtime role can have anything acknowledged: what the log doesn't bear out
    # ends a lineage only if the notary itself found it.
    ends = [one for one in known if one.doubt in OF_THE_TREE or is_own(folder, one)]
    if one := await _ended(connection, evidence, ends, differs=differs is not None):
        return await _lineage(connection, Archive(folder, one.lineage + 1), signer)
    if differs is not None:
        raise LogDiffers(await _located(connection, differs, folder, growing), differs)
    await _discount_forged(connection, evidence, known)
    _refuse_lacking(evidence, known)
    heads = await index_under(connection, published, known)
    await _repair(connection, published, growing, signer, counts=counts)
    return ResumePoint(published.archive, growing, heads, published)


async def _compared(
    connection: Connection, evidence: Evidence, known: Sequence[Diverged]
) -> tuple[TreeBuilder, Claim | None]:
    """Return the tree up to the newest checkpoint, and the first claim that it is not."""
    newest = evidence.newest
    assert newest is not None  # noqa: S101 - there is something to compare with
    ended = {one.lineage for one in known if one.doubt in ENDING}
    claims = [
        claim
        for claim in evidence.claims
        if claim.lineage == newest.archive.lineage or claim.lineage not in ended
    ]
    growing = await build_tree(connection, newest.signed.size, {claim.size for claim in claims})
    other = (claim for claim in claims if growing.roots.get(claim.size) != claim.root)
    return growing, next(other, None)


async def _ended(
    connection: Connection, evidence: Evidence, known: Sequence[Diverged], *, differs: bool
) -> Diverged | None:
    """Return the acknowledgement that ended the newest lineage, if there is one."""
    newest = evidence.newest
    lineage = newest.archive.lineage if newest else 0
    for one in reversed(known):
        claimed = differs and any(covers(one, claim) for claim in evidence.claims)
        ends = one.doubt in ENDING and (claimed or one.doubt not in OF_THE_TREE)
        if one.lineage == lineage and ends:
            then = await build_tree(connection, one.size)
            if (then.size, then.root().hex()) == (one.size, one.root):
                return one
    return None


async def _discount_forged(
    connection: Connection, evidence: Evidence, known: Sequence[Diverged]
) -> None:
    """Let checkpoints in the database that nobody signed count for nothing, once acknowledged.

    One that is acknowledged covers the lower ones. Raises LogDiffers.
    """
    forged = evidence.forged
    if forged is None:
        return
    covered = [(one.lineage, one.signed_size) for one in known if one.doubt == Doubt.CHECKPOINT]
    if not any(forged[:2] <= one for one in covered):
        expected = "a signature of the log's key over just this size and root"
        flaw = Divergence(forged.size, "", 0, Doubt.CHECKPOINT, expected, "none")
        raise LogDiffers(flaw, forged)
    newest = evidence.newest
    after = newest.claim[:2] if newest else (0, 0)
    await connection.execute(DISCOUNT, *after, *forged[:2])


def _refuse_lacking(evidence: Evidence, known: Sequence[Diverged]) -> None:
    """Refuse to sign into a folder that lost what it had. Raises FolderLacking."""
    there = evidence.database
    if there is None or not evidence.lacks_folder:
        return
    if any(one.doubt == Doubt.FOLDER and covers(one, there.claim) for one in known):
        return
    raise FolderLacking(there.claim, evidence.folder)


async def _located(
    connection: Connection, claim: Claim, folder: Path, growing: TreeBuilder
) -> Divergence:
    """Return the first place where the log is not what a checkpoint says."""
    size = int(await connection.fetchval(HEAD))
    tiles = [subtree.hash for subtree in growing.subtrees if subtree.level == 1]
    archive = Archive(folder, claim.lineage)
    return await locate(connection, Signed(claim.size, claim.root), archive, size, tiles)


async def build_tree(connection: Connection, size: int, marks: Iterable[int] = ()) -> TreeBuilder:
    """Return the tree over the log up to a size, or over all of it if it is smaller.

    It has its roots at the sizes that are marked.
    """
    growing = TreeBuilder(marks=marks)
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


async def keep_checkpoint(connection: Connection, published: Published, *, counts: bool) -> None:
    """Keep a checkpoint for those who ask. Fails if the session is not that of the notary.

    Raises LogDiffers if another one is there in its place.
    """
    lineage, (size, root) = published.archive.lineage, published.signed
    said = (lineage, size, root, published.note, counts)
    row = await connection.fetchrow(KEEP_CHECKPOINT, *said)
    if row is not None and row["root"] == root and _same(row["note"], published.note):
        if counts and not row["counts"]:
            await connection.execute(COUNT, lineage, size)
    elif row is not None and row["counts"]:
        found = Divergence(size, "", 0, Doubt.CHECKPOINT, "what is signed now", "another one")
        raise LogDiffers(found, published.claim)
    else:  # it was acknowledged that nobody signed it
        await connection.execute(REPLACE, *said)


async def _lineage(connection: Connection, archive: Archive, signer: Signer) -> ResumePoint:
    """Begin a tree of its own, before the first event."""
    _keep_name(archive, signer)
    await connection.execute(FORGET_SUBTREES, 0)
    heads = await HeadIndex.begin(connection, archive.lineage, 0, None)
    return ResumePoint(archive, TreeBuilder(archive), heads, None)


async def _repair(
    connection: Connection,
    published: Published,
    growing: TreeBuilder,
    signer: Signer,
    *,
    counts: bool,
) -> None:
    """Have the folder and the database hold all that belongs to what was signed."""
    archive, size = published.archive, published.signed.size
    if not all(map(archive.has, tiles_of(size))):
        again = TreeBuilder(archive)
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
    await keep_checkpoint(connection, published, counts=counts)


def _keep_name(archive: Archive, signer: Signer) -> None:
    """Say who signs, for whoever checks. Raises KeyDiffers if somebody else is named there."""
    vkey = named(signer, archive.lineage).verifier.vkey
    there = archive.log_key()
    if there is None:
        archive.keep(VKEY, f"{vkey}\n".encode(), durably=True)
    elif there != vkey:
        raise KeyDiffers(f"{archive.place / VKEY} names another key than the notary's")


def _same(kept: str, note: str) -> bool:
    """Tell whether two notes are of one checkpoint."""
    try:
        return Checkpoint.parse(Note.parse(kept).text) == Checkpoint.parse(Note.parse(note).text)
    except NoteInvalid:
        return False


def require_checkpoint(at: ResumePoint) -> None:
    """See that the folder still has what was signed last. Raises LogDiffers."""
    note = at.archive.checkpoint()
    if note != (at.published.note if at.published else None):
        size = at.published.signed.size if at.published else 0
        expected = f"the checkpoint over {size} events" if size else "no checkpoint"
        raise LogDiffers(Divergence(size, "", 0, Doubt.FOLDER, expected, "another"))


async def until_the_folder_changes(connection: Connection, folder: Path, signer: Signer) -> None:
    """Wait until the folder has what was signed, or somebody acknowledged that it has not."""
    before = await gate(connection)
    while (await gather(connection, folder, signer)).lacks_folder and before == await gate(
        connection
    ):
        await asyncio.sleep(FOLDER_POLL_S)
