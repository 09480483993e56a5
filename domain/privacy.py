"""Whose personal data a stream holds, what forbids to erase it, and what was erased.

Personal texts come here only sealed (see `eventstore.privacy.vault`), so the log never holds one in
the plain. To erase is a fact that names keys: it is the order, and whoever follows the log destroys
them. What they sealed stays where it is and proves what it proved. The log proves that erasing was
ordered; that no copy of a key is left anywhere, nothing proves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple

from pydantic import StringConstraints
from rpds import HashTrieMap, HashTrieSet

from domain.decider import CommandEnvelope, Decision, Refused, existing
from domain.refusals import Refusal
from domain.values import Command, Event, Id, Instant, Line

SEALED_LENGTH_MAX = 16_384
"""Characters of a sealed text."""

KEY_ID_LENGTH_MAX = 64

Sealed = Annotated[
    str,
    StringConstraints(
        pattern=r"^sealed:v[12]:[A-Za-z0-9._/-]+:[A-Za-z0-9+/_-]{38,}={0,2}$",
        max_length=SEALED_LENGTH_MAX,
    ),
]
"""`sealed:v2:<key id>:<base64>`, or `v1` where it was sealed before there were commitments: what is
sealed, with nonce or commitment and tag, has at least 38 characters of base64."""

KeyId = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9._/-]+$", max_length=KEY_ID_LENGTH_MAX)
]


class LegalBasis(StrEnum):
    """Why personal data must be erased: 个人信息保护法 (PIPL) art. 47, 突发事件应对法 art. 85."""

    EMERGENCY_OVER = "emergency_over"
    """突发事件应对法 (2024) art. 85: destroyed after the response has ended."""
    PURPOSE_ACHIEVED = "purpose_achieved"
    """PIPL art. 47 (1): it is not needed any more for what it was collected for."""
    RETENTION_OVER = "retention_over"
    """PIPL art. 47 (2): the time for which it may be kept has passed."""
    CONSENT_WITHDRAWN = "consent_withdrawn"
    """PIPL art. 47 (3): the person takes their consent back."""
    UNLAWFULLY_HELD = "unlawfully_held"
    """PIPL art. 47 (4): it was collected or used against law or agreement."""
    OTHER_LAW = "other_law"
    """PIPL art. 47 (5): another law or regulation says so; the reason names it."""


class PersonalDataErased(Event):
    """It is ordered to destroy the keys that sealed somebody's personal data, wherever they are."""

    kind: Literal["PersonalDataErased"] = "PersonalDataErased"
    person: Id
    keys: tuple[KeyId, ...]
    basis: LegalBasis


class LegalHoldPlaced(Event):
    """Nothing may be erased while an authority needs it."""

    kind: Literal["LegalHoldPlaced"] = "LegalHoldPlaced"
    hold: Id
    person: Id | None
    """Whose data is held; everybody's when nobody is named."""
    authority: Line
    placed_by: str
    placed_at: Instant


class LegalHoldLifted(Event):
    """An authority does not need it any more."""

    kind: Literal["LegalHoldLifted"] = "LegalHoldLifted"
    hold: Id


class ErasePersonalData(Command):
    """Order to erase what is known of a person, or of everybody here."""

    kind: Literal["ErasePersonalData"] = "ErasePersonalData"
    person: Id | None = None
    """Whose; everybody's when nobody is named."""
    basis: LegalBasis


class PlaceLegalHold(Command):
    """Forbid to erase anything while an authority needs it."""

    kind: Literal["PlaceLegalHold"] = "PlaceLegalHold"
    hold: Id
    person: Id | None = None
    authority: Line
    """A court, a prosecutor, an office; no person's name."""


class LiftLegalHold(Command):
    """Say that an authority does not need it any more."""

    kind: Literal["LiftLegalHold"] = "LiftLegalHold"
    hold: Id


PrivacyFact = PersonalDataErased | LegalHoldPlaced | LegalHoldLifted
PrivacyCommand = ErasePersonalData | PlaceLegalHold | LiftLegalHold


class Hold(NamedTuple):
    """What an authority needs, or needed."""

    person: str | None
    authority: str
    placed_by: str
    placed_at: datetime
    lifted: bool = False

    def covers(self, person: str | None) -> bool:
        """Tell whether it forbids to erase somebody; None stands for everybody."""
        return not self.lifted and (None in {self.person, person} or self.person == person)


class Privacy(NamedTuple):
    """What erasing needs to know of a stream."""

    keys: HashTrieMap[str, tuple[str, ...]] = HashTrieMap()
    """The keys that sealed what is known of each person, and still open it."""
    erased: HashTrieSet[str] = HashTrieSet()
    """Whose data was erased and not recorded again since."""
    destroyed: HashTrieSet[str] = HashTrieSet()
    """Keys that were ordered to be destroyed."""
    holds: HashTrieMap[str, Hold] = HashTrieMap()


def key_of(sealed: str) -> str:
    """Return which key opens a sealed text."""
    return sealed.split(":")[2]


def recorded(was: Privacy, person: str, sealed: Iterable[str | None]) -> Privacy:
    """Remember which keys sealed what was recorded of a person."""
    keys = {key_of(text) for text in sealed if text is not None}
    if not keys:
        return was
    keys.update(was.keys.get(person, ()))
    return was._replace(
        keys=was.keys.insert(person, tuple(sorted(keys))), erased=was.erased.discard(person)
    )


def evolve(was: Privacy, fact: PrivacyFact) -> Privacy:
    """Take a fact into account."""
    match fact:
        case PersonalDataErased():
            return was._replace(
                keys=was.keys.discard(fact.person),
                erased=was.erased.insert(fact.person),
                destroyed=was.destroyed.update(fact.keys),
            )
        case LegalHoldPlaced():
            placed = Hold(fact.person, fact.authority, fact.placed_by, fact.placed_at)
            return was._replace(holds=was.holds.insert(fact.hold, placed))
        case LegalHoldLifted():
            over = existing(was.holds, fact.hold)._replace(lifted=True)
            return was._replace(holds=was.holds.insert(fact.hold, over))


def decide(known: Privacy, asked: CommandEnvelope, ask: PrivacyCommand, now: datetime) -> Decision:
    """Decide what erasing, holding and lifting a hold lead to; each needs a reason."""
    if not asked.reason:
        return Refusal.REASON_REQUIRED
    match ask:
        case ErasePersonalData():
            return _erase(known, ask)
        case PlaceLegalHold():
            return _place(known, ask, asked.who, now)
        case LiftLegalHold():
            return _lift(known, ask)


def unreadable(known: Privacy, sealed: Iterable[str | None]) -> bool:
    """Tell whether a text was sealed with a key that was ordered to be destroyed."""
    return any(text is not None and key_of(text) in known.destroyed for text in sealed)


def _erase(known: Privacy, ask: ErasePersonalData) -> Sequence[Event] | Refusal | Refused:
    for name, hold in sorted(known.holds.items()):
        if hold.covers(ask.person):
            return Refused(
                Refusal.LEGAL_HOLD_IN_FORCE,
                {
                    "hold": name,
                    "authority": hold.authority,
                    "placed_by": hold.placed_by,
                    "since": hold.placed_at.isoformat(),
                },
            )
    people = sorted(known.keys) if ask.person is None else [ask.person]
    facts = [
        PersonalDataErased(person=person, keys=known.keys[person], basis=ask.basis)
        for person in people
        if person in known.keys
    ]
    if facts or ask.person is None or ask.person in known.erased:
        return facts
    return Refused(Refusal.PERSONAL_DATA_UNKNOWN, {"person": ask.person})


def _place(known: Privacy, ask: PlaceLegalHold, who: str, now: datetime) -> Decision:
    before = known.holds.get(ask.hold)
    if before is None:
        return [
            LegalHoldPlaced(
                hold=ask.hold,
                person=ask.person,
                authority=ask.authority,
                placed_by=who,
                placed_at=now,
            )
        ]
    same = (before.person, before.authority, before.lifted) == (ask.person, ask.authority, False)
    return [] if same else Refusal.ID_ALREADY_USED


def _lift(known: Privacy, ask: LiftLegalHold) -> Decision:
    hold = known.holds.get(ask.hold)
    if hold is None:
        return Refused(Refusal.LEGAL_HOLD_UNKNOWN, {"hold": ask.hold})
    return [] if hold.lifted else [LegalHoldLifted(hold=ask.hold)]
