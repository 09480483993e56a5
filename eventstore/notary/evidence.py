"""What was signed so far: in the notary's folder, and in the database. Neither overrules the other.

The folder is where those who hold the database can't reach it. The database may know one checkpoint
more than the folder, as that is where it is written first; it may not know two more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from eventstore.integrity.archive import COSIGNED, Archive, newest
from eventstore.integrity.audit import Signed
from eventstore.integrity.tree_builder import Claim
from eventstore.proofs.proofs import SIGNED
from eventstore.proofs.stored_checkpoint import StoredCheckpoint
from eventstore.tlog.checkpoint import heads_of, open_checkpoint
from eventstore.tlog.merkle import verify_consistency
from eventstore.tlog.note import NoteInvalid

if TYPE_CHECKING:
    from pathlib import Path

    from domain.record.divergence import Diverged
    from eventstore.postgres.connection import Connection
    from eventstore.proofs.proofs import Proofs
    from eventstore.tlog.note import Signer

ROWS_MAX = 100
"""Newest checkpoints in the database that are looked at."""

STAMPED_MAX = 1_000
"""Newest timestamped checkpoints in the folder that are compared with the log, too."""

AHEAD_MAX = 1
"""Checkpoints that the database may have and the folder not: the notary ended between the two."""


class KeyDiffers(Exception):
    """What is in the folder was signed by another key than the one that was given."""


class NotaryConfused(Exception):
    """What proofs are made of is not right; it is made again when the notary begins again."""


class Published(NamedTuple):
    """A checkpoint that was signed, and where it is kept."""

    archive: Archive
    signed: Signed
    note: str

    @property
    def heads(self) -> bytes | None:
        """Return the root of the map of heads that was signed with it."""
        return heads_of(self.note)

    @property
    def claim(self) -> Claim:
        """Return what it says of its lineage."""
        return Claim(self.archive.lineage, *self.signed)


class Evidence(NamedTuple):
    """All that binds the notary."""

    folder: Published | None
    """The newest checkpoint in the folder."""
    database: Published | None
    """The newest one in the database that the notary signed."""
    ahead: int
    """How many signed ones the database has beyond the folder's; not counted beyond two."""
    forged: Claim | None
    """The newest one in the database that the notary did not sign, if it is beyond all it did."""
    earlier: Sequence[Claim] = ()
    """Others in the folder of the lineage of its newest: those that were cosigned or stamped."""

    @property
    def newest(self) -> Published | None:
        """Return the furthest one."""
        found = [one for one in (self.folder, self.database) if one is not None]
        return max(found, key=lambda one: one.claim[:2], default=None)

    @property
    def claims(self) -> Sequence[Claim]:
        """Return what the log must begin with, the folder's first."""
        whole = [one.claim for one in (self.folder, self.database) if one is not None]
        return list(dict.fromkeys([*whole, *self.earlier]))

    def stands_at(self, published: Published | None) -> bool:
        """Tell whether folder and database have just one newest checkpoint, and it is this one."""
        claims = {one.claim if one else None for one in (self.folder, self.database)}
        return claims == {published.claim if published else None}

    @property
    def lacks_folder(self) -> bool:
        """Tell whether the folder lost what it had, or is another one."""
        return self.database is not None and self.ahead > (AHEAD_MAX if self.folder else 0)


async def gather(connection: Connection, folder: Path, signer: Signer) -> Evidence:
    """Read what was signed. Raises KeyDiffers."""
    here = _in_folder(folder, signer)
    there, forged = list[Published](), list[Claim]()
    for row in await connection.fetch(SIGNED, ROWS_MAX):
        kept = StoredCheckpoint._make(row)
        signed = _in_database(kept, folder, signer)
        if signed is None:
            forged += [] if there else [Claim(kept.lineage, kept.size, kept.root)]
            continue
        if here is not None and signed.claim[:2] <= here.claim[:2]:
            there.append(signed)
            break
        there.append(signed)
        if len(there) > AHEAD_MAX + 1:
            break
    ahead = sum(1 for one in there if here is None or one.claim[:2] > here.claim[:2])
    earlier = _earlier(here, signer) if here else ()
    found = Evidence(here, there[0] if there else None, ahead, None, earlier)
    beyond = found.newest is None or (forged and forged[0][:2] >= found.newest.claim[:2])
    return found._replace(forged=forged[0]) if forged and beyond else found


async def require_growth(proofs: Proofs, before: Signed, after: Signed) -> None:
    """Check, as any witness would, that what is to be signed begins with what was.

    Raises NotaryConfused.
    """
    proof = await proofs.consistency(before.size, after.size)
    if not verify_consistency(*before, *after, proof):
        raise NotaryConfused(f"{after.size} events do not begin with the {before.size} signed")


def named(signer: Signer, lineage: int) -> Signer:
    """Return the key under the name of a lineage: the log's own, and later `<name>/2` and so on."""
    return signer if lineage == 1 else signer.named(f"{signer.name}/{lineage}")


def covers(one: Diverged, claim: Claim) -> bool:
    """Tell whether what was acknowledged is about a checkpoint."""
    return (one.lineage, one.signed_size, bytes.fromhex(one.signed_root)) == claim


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


def _in_database(kept: StoredCheckpoint, folder: Path, signer: Signer) -> Published | None:
    """Return a checkpoint of the database; None if the notary did not sign just this."""
    try:
        checkpoint = open_checkpoint(kept.note, named(signer, kept.lineage).verifier)
    except NoteInvalid:
        return None
    if (checkpoint.size, checkpoint.root) != (kept.size, kept.root):
        return None
    return Published(Archive(folder, kept.lineage), Signed(kept.size, kept.root), kept.note)


def _earlier(here: Published, signer: Signer) -> Sequence[Claim]:
    """Return the other checkpoints that are kept in the folder, as far as they are signed."""
    archive, claims = here.archive, list[Claim]()
    notes = [archive.checkpoint(COSIGNED), *archive.stamped(STAMPED_MAX)]
    for note in filter(None, notes):
        try:
            checkpoint = open_checkpoint(note, named(signer, archive.lineage).verifier)
        except NoteInvalid:
            continue  # a power cut left a part of it, or it is not ours
        claims.append(Claim(archive.lineage, checkpoint.size, checkpoint.root))
    return claims
