"""The response: its level, its command, its measures, its zones, and its end."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from domain.values import Event, Id, Instant, Line, Prose, ResponseLevel


class ResponseActivated(Event):
    """The response began, with all that the law asks for (突发事件应对法 art. 72)."""

    kind: Literal["ResponseActivated"] = "ResponseActivated"
    level: ResponseLevel
    matters: Prose
    expected_duration: timedelta
    automatic: bool
    """Whether the plan's conditions decided, instead of a person (GB/T 29639-2020)."""
    first_notice_by: Instant


class ResponseLevelChanged(Event):
    """The response was raised or lowered."""

    kind: Literal["ResponseLevelChanged"] = "ResponseLevelChanged"
    level: ResponseLevel
    was: ResponseLevel


class ResponseTerminated(Event):
    """The response ended; the aftermath began (art. 86)."""

    kind: Literal["ResponseTerminated"] = "ResponseTerminated"


class GateOverruled(Event):
    """A commander let a phase end although its gate was not passed. The reason is in the meta."""

    kind: Literal["GateOverruled"] = "GateOverruled"
    gate: Literal["termination", "closing"]
    unmet: tuple[Line, ...]


class PostOffered(Event):
    """A person was asked to take a post, and until when an answer counts."""

    kind: Literal["PostOffered"] = "PostOffered"
    post: Id
    person: Id
    accept_by: Instant


class PostAccepted(Event):
    """A person took a post."""

    kind: Literal["PostAccepted"] = "PostAccepted"
    post: Id
    person: Id


class PostDeclined(Event):
    """A person turned a post down."""

    kind: Literal["PostDeclined"] = "PostDeclined"
    post: Id
    person: Id


class PostOfferExpired(Event):
    """A person did not answer in time."""

    kind: Literal["PostOfferExpired"] = "PostOfferExpired"
    post: Id
    person: Id


class PostLeftVacant(Event):
    """Nobody of a post's chain answered."""

    kind: Literal["PostLeftVacant"] = "PostLeftVacant"
    post: Id


class CommandTransferred(Event):
    """The command passed from one person to another."""

    kind: Literal["CommandTransferred"] = "CommandTransferred"
    from_person: Id
    to_person: Id
    briefing: Prose


class MeasureImposed(Event):
    """A restriction on people was put in force, such as a closed entrance."""

    kind: Literal["MeasureImposed"] = "MeasureImposed"
    measure: Id
    title: Line


class MeasureLifted(Event):
    """A restriction ended."""

    kind: Literal["MeasureLifted"] = "MeasureLifted"
    measure: Id


class MeasureHandedOver(Event):
    """A restriction stays, and has an owner beyond the response."""

    kind: Literal["MeasureHandedOver"] = "MeasureHandedOver"
    measure: Id
    owner: Line


class EvacuationOrdered(Event):
    """People were told to leave a zone."""

    kind: Literal["EvacuationOrdered"] = "EvacuationOrdered"
    zone: Id


class ZoneCleared(Event):
    """Everybody has left a zone, and somebody looked."""

    kind: Literal["ZoneCleared"] = "ZoneCleared"
    zone: Id
    searched_by: Id


class UnaccountedReported(Event):
    """How many people of a zone are still unaccounted for."""

    kind: Literal["UnaccountedReported"] = "UnaccountedReported"
    zone: Id
    persons: int


class AssistanceRegistered(Event):
    """Somebody in a zone can't leave without help."""

    kind: Literal["AssistanceRegistered"] = "AssistanceRegistered"
    assistance: Id
    zone: Id
    need: Line


class AssistanceGiven(Event):
    """That person is out."""

    kind: Literal["AssistanceGiven"] = "AssistanceGiven"
    assistance: Id
