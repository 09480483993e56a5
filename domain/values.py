"""The words that every rule uses: identifiers, languages, who acts, phases, colours and levels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Annotated, ClassVar, NewType, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from domain.texts import Writing, refuse_unseen

ID_LENGTH_MAX = 64
"""Characters in an identifier that people choose."""

TEXT_LENGTH_MAX = 4_000
"""Characters in a text that people read."""

Id = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=ID_LENGTH_MAX),
]
"""A name in lower case letters, digits, dots, hyphens and underscores."""

IncidentId = NewType("IncidentId", str)
"""A UUID in its usual form; the stream is `incident/<id>`."""

Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), Writing()
]
"""One line that a person wrote; never empty."""

Prose = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=TEXT_LENGTH_MAX),
    Writing(),
]
"""Some sentences that a person wrote; never empty."""

Instant = AwareDatetime
"""A moment with its offset; stored in UTC with microseconds."""


class Value(BaseModel):
    """A frozen value that knows only the fields it names."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Event(Value):
    """Something that happened. Its fields are a storage format: change them by schema version."""

    schema_version: ClassVar[int] = 1
    kind: str


class Command(Value):
    """Something that somebody asks for. Its texts can be seen; a fact is read as it stands."""

    kind: str

    @model_validator(mode="after")
    def can_be_seen(self) -> Self:
        """Refuse texts that can't be seen, or read as another one."""
        refuse_unseen(self)
        return self


class Text(Value):
    """A text that people read, in Chinese, in English or in both."""

    zh: Annotated[str, Writing()] | None = Field(
        default=None, min_length=1, max_length=TEXT_LENGTH_MAX
    )
    en: Annotated[str, Writing()] | None = Field(
        default=None, min_length=1, max_length=TEXT_LENGTH_MAX
    )

    @classmethod
    def of(cls, zh: str, en: str) -> Self:
        """Both languages at once."""
        return cls(zh=zh, en=en)

    def said_in(self, language: str) -> str:
        """Return the text in the language asked for, else in the one there is."""
        first, second = (self.zh, self.en) if language.startswith("zh") else (self.en, self.zh)
        return first or second or ""


class Role(StrEnum):
    """What somebody may do in Muster.

    A plan's posts are another matter: `domain.plan.model.plan`.
    """

    ADMINISTRATOR = "administrator"
    COMMANDER = "commander"
    OPERATOR = "operator"
    RESPONDER = "responder"
    INFORMATION_OFFICER = "information_officer"
    LOGISTICS = "logistics"
    PLANNER = "planner"
    AUDITOR = "auditor"
    DEVICE = "device"
    SYSTEM = "system"
    """The hands and the clock. No token carries it, so nobody can claim it from outside."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as authentication found; `venues` is None for one who may act at every venue."""

    id: str
    roles: frozenset[Role]
    venues: frozenset[str] | None = None

    def may_act_at(self, venue: str) -> bool:
        """Tell whether the actor was let in at a venue."""
        return self.venues is None or venue in self.venues


CLOCK = Actor("clock", frozenset({Role.SYSTEM}))
"""Sends the commands that are due when nobody acted first."""

HANDS = Actor("hands", frozenset({Role.SYSTEM}))
"""Reports what came of the work that an incident ordered."""


class Phase(StrEnum):
    """Where an incident stands. The order is that of a life; each phase ends only by its gate."""

    NORMAL = "normal"
    """An alarm was reported and nobody has confirmed it yet."""
    WARNING = "warning"
    RESPONSE = "response"
    AFTERMATH = "aftermath"
    CLOSED = "closed"
    STOOD_DOWN = "stood_down"

    @property
    def is_over(self) -> bool:
        """Tell whether nothing can happen any more."""
        return self in {Phase.CLOSED, Phase.STOOD_DOWN}


class WarningColour(StrEnum):
    """How grave a warning is: red is level I, the highest (突发事件应对法 2024, art. 63)."""

    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"
    BLUE = "blue"


class ResponseLevel(IntEnum):
    """How much is set in motion: I is the highest (突发事件应对法 2024, art. 71).

    Not a warning's colour, and not an accident's grade: GB/T 29639-2020 forbids copying those.
    """

    I = 1  # noqa: E741 - the law's numeral
    II = 2
    III = 3
    IV = 4


class Mode(StrEnum):
    """Whether people's lives hang on it, or everybody is practising."""

    LIVE = "live"
    EXERCISE = "exercise"


class HazardKind(StrEnum):
    """What a plan is for (the source plans' kinds, with those that the law adds)."""

    NATURAL = "natural"
    FIRE = "fire"
    CROWDING = "crowding"
    PEAK_PERIOD = "peak_period"
    SECURITY = "security"
    PUBLIC_HEALTH = "public_health"
    FACILITY_FAILURE = "facility_failure"
    OTHER = "other"
