"""What was kept against what is shown now: the same log, grown, or another one.

Pure: what a service showed comes in, what follows from it comes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from eventstore.tlog.merkle import verify_consistency
from eventstore.tlog.note import NoteInvalid
from services.client.checkpoints.acknowledgement import is_proven

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from eventstore.tlog.checkpoint import Checkpoint
    from services.client.checkpoints.acknowledgement import Ended
    from services.client.checkpoints.log_key import LogKey, Opened


class Alarm(StrEnum):
    """Why a log is not the one that was seen before."""

    FORKED = "forked"
    """Both checkpoints are signed, and the later log does not begin with the earlier one."""
    SHRUNK = "shrunk"
    """The log is smaller than what it signed."""
    VANISHED = "vanished"
    """Nothing is shown as signed any more."""
    UNPROVEN = "unproven"
    """The service does not prove that the log begins with what was kept."""
    KEY_CHANGED = "key_changed"
    """The service shows a log of another name or key."""
    SIGNATURE_INVALID = "signature_invalid"
    """What is shown is not signed by the log's key."""
    LINEAGE_UNEXPLAINED = "lineage_unexplained"
    """A new lineage began, and no acknowledgement is proven that accounts for it."""
    LINEAGE_DIFFERS = "lineage_differs"
    """A divergence was acknowledged, and the new lineage does not begin with what was kept."""


class Status(StrEnum):
    """How a contact ended."""

    NOTHING_SIGNED = "nothing_signed"
    FIRST = "first"
    """Nothing was kept before: the checkpoint is trusted on first use, if its key was not given."""
    SAME = "same"
    GROWN = "grown"
    NEW_LINEAGE = "new_lineage"
    """A divergence was acknowledged: the log went on as another one, after all that was kept."""
    ALARM = "alarm"


class Shown(NamedTuple):
    """The newest checkpoint that a service shows, as it came."""

    note: str
    lineage: int
    log_key: str
    """Empty if the service does not say it."""
    acknowledged: tuple[Ended, ...] = ()


class Growth(NamedTuple):
    """A service's proof that one tree begins with another."""

    first: int
    first_root: bytes
    second: int
    second_root: bytes
    proof: tuple[bytes, ...]

    def holds(self) -> bool:
        """Tell whether it proves what it says."""
        return verify_consistency(
            self.first, self.first_root, self.second, self.second_root, self.proof
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint of a log, verified when it was kept."""

    key: LogKey
    note: str
    kept_at: datetime

    @property
    def opened(self) -> Opened:
        """Verify it again. Raises NoteInvalid."""
        return self.key.open(self.note)

    @property
    def checkpoint(self) -> Checkpoint:
        """Return what was signed. Raises NoteInvalid."""
        return self.opened.checkpoint


@dataclass(frozen=True, slots=True)
class Finding:
    """What a contact found."""

    status: Status
    kept: Kept | None = None
    """What was compared with."""
    shown: Kept | None = None
    """What the service shows, if its signature is valid under the key that it names."""
    alarm: Alarm | None = None
    growth: Growth | None = None
    ended: Sequence[Ended] = ()
    shown_note: str = ""
    """What the service shows, as it came."""
    evidence: Path | None = None

    @property
    def lacks_heads(self) -> bool:
        """Tell whether a lineage signs its map of heads no more: a later program would."""
        if self.kept is None or self.shown is None:
            return False
        before, now = self.kept.checkpoint, self.shown.checkpoint
        return before.origin == now.origin and before.heads is not None and now.heads is None

    @property
    def conclusive(self) -> bool:
        """Tell whether the two notes, and the proof beside them, prove a fork by themselves."""
        if self.kept is None or self.shown is None or self.kept.key != self.shown.key:
            return False
        return forked(self.kept, self.shown, self.growth)


def forked(one: Kept, other: Kept, growth: Growth | None) -> bool:
    """Tell whether a log signed two checkpoints of which neither begins with the other.

    Either they are of one size and have different roots, of the tree or of the map of heads, or the
    proof leads from the root of the later one to another root at the size of the earlier one. It
    takes nobody's word for it.
    """
    try:
        first, second = sorted((one.opened, other.opened), key=lambda each: each.checkpoint.size)
    except NoteInvalid:
        return False
    if one.key.public != other.key.public or first.checkpoint.origin != second.checkpoint.origin:
        return False
    earlier, later = first.checkpoint, second.checkpoint
    if earlier.size == later.size:
        return unlike(earlier, later)
    return (
        growth is not None
        and (growth.first, growth.second) == (earlier.size, later.size)
        and growth.second_root == later.root
        and growth.first_root != earlier.root
        and growth.holds()
    )


def grew(kept: Checkpoint, shown: Checkpoint, growth: Growth) -> bool:
    """Tell whether a proof shows that a log begins with what was kept."""
    said = (growth.first, growth.first_root, growth.second, growth.second_root)
    return said == (kept.size, kept.root, shown.size, shown.root) and growth.holds()


def unlike(one: Checkpoint, other: Checkpoint) -> bool:
    """Tell whether two checkpoints of one size contradict each other.

    The map of heads follows from the log, so one log has one map; a checkpoint without any says
    nothing of it.
    """
    maps = {each.heads for each in (one, other)} - {None}
    return one.root != other.root or len(maps) > 1


def explained(kept: Opened, now: Opened, ended: Sequence[Ended]) -> Sequence[Ended] | None:
    """Return what ended the lineages from the one that was kept to another; None if not all did.

    Only acknowledgements count that are proven to be in the log as it is now.
    """
    found: list[Ended] = []
    for number in range(kept.lineage, now.lineage):
        of_kept = kept.checkpoint if number == kept.lineage else None
        fitting = [one for one in ended if one.lineage == number and _covers(one, of_kept)]
        proven = [one for one in fitting if is_proven(one, now.checkpoint)]
        if not proven:
            return None
        found.append(proven[-1])
    return found


def _covers(one: Ended, kept: Checkpoint | None) -> bool:
    """Tell whether a lineage ended with what was kept, or later."""
    if kept is None or one.signed_size > kept.size:
        return True
    return (one.signed_size, one.signed_root) == (kept.size, kept.root)
