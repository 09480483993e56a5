"""What is to be done: tasks, reports, notices, gates, help for special customers."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Literal

from pydantic import Field

from domain.plan.model.organisation import Duty
from domain.plan.model.quantities import Numeral, Pieces, Span
from domain.plan.model.references import (
    ContactName,
    EscalationName,
    KindName,
    PostName,
    SupplyName,
    TaskName,
    TemplateName,
    ZoneName,
)
from domain.values import HazardKind, Id, Line, Phase, ResponseLevel, Text, Value


class Task(Value):
    """A duty that falls to a post when a phase begins, or when other tasks are finished."""

    id: Id
    title: Text
    phase: Phase
    post: PostName
    duty: Duty | None = None
    """Which duty of the catalogue it belongs to."""
    levels: tuple[Numeral, ...] = tuple(ResponseLevel)
    """The response levels at which it falls due; of no account outside the response."""
    hazards: tuple[HazardKind, ...] = ()
    """Only for these; for all when empty."""
    after: tuple[TaskName, ...] = ()
    """Assigned when all of these are finished; when the phase begins, if empty."""
    acknowledge_within: Span = timedelta(minutes=3)
    """Three minutes: first answer of a post in the house (GB/T 38315, second force)."""
    start_within: Span | None = None
    finish_within: Span | None = None
    """After it was assigned, as the two above."""
    repeats_every: Span | None = None
    """Assigned anew that long after it was finished, for as long as the phase lasts."""
    supplies: dict[SupplyName, Pieces] = Field(default_factory=dict)
    """What it takes: supply → pieces."""
    units: dict[KindName, Pieces] = Field(default_factory=dict)
    """Which kinds of unit it needs: kind → number."""
    zones: tuple[ZoneName, ...] = ()
    """Where; anywhere when empty."""
    done_when: Text | None = None
    """What can be seen when it is done."""
    escalation: EscalationName | None = None
    """Who is told when nobody acknowledges; the post's own chain when left out."""


class ReportField(StrEnum):
    """What a statutory report must hold (Decree 493, art. 12)."""

    UNIT = "unit"
    TIME_AND_PLACE = "time_and_place"
    COURSE = "course"
    CASUALTIES = "casualties"
    LOSSES = "losses"
    MEASURES = "measures"
    OTHER = "other"


class Report(Value):
    """A report that somebody owes while a phase lasts."""

    id: Id
    title: Text
    phases: tuple[Phase, ...] = Field(min_length=1)
    post: PostName
    first_within: Span = timedelta(minutes=10)
    """Ten minutes after the phase begins (Muster's own figure; no law gives one)."""
    every: dict[Numeral, Span] = Field(default_factory=dict)
    """How often after that, by level; `warning_every` outside the response; once when neither."""
    warning_every: Span | None = None
    required_to_terminate: bool = False
    """Whether the response can't be terminated before it was filed (突发事件应对法 art. 61)."""
    source: Line | None = None
    """The law's article, for a statutory clock."""
    statutory_within: Span | None = None
    """By when the law wants the first one."""
    statutory_every: Span | None = None
    """How often the law wants it again."""
    to: ContactName | None = None
    """The contact that receives it."""
    fields: tuple[ReportField, ...] = ()
    """What it holds, for a statutory report."""


class Audience(StrEnum):
    """Who is meant by a notice."""

    CUSTOMERS = "customers"
    STAFF = "staff"
    TENANTS = "tenants"
    NEIGHBOURS = "neighbours"
    FAMILIES = "families"
    MEDIA = "media"
    AUTHORITIES = "authorities"


class Notice(Value):
    """One kind of notice: to whom, by which ways, in which languages, how often.

    A notice that is published counts for each kind of its phase whose ways it goes out on.
    """

    id: Id
    title: Text
    phase: Phase
    template: TemplateName
    audiences: tuple[Audience, ...] = Field(min_length=1)
    channels: tuple[ContactName, ...] = Field(min_length=1)
    """Contacts that are public channels."""
    languages: tuple[Literal["zh", "en"], ...] = Field(min_length=1)
    hazards: tuple[HazardKind, ...] = ()
    """Only for these; for all when empty."""
    first_within: Span | None = None
    """After the phase begins; as the plan's notices in general when left out."""
    refresh_every: Span | None = None
    """Thirty minutes is usual; never again when left out."""


class NoticeRules(Value):
    """What the public is told, by when, and who must approve it."""

    post: PostName
    """Who drafts."""
    approved_by: tuple[PostName, ...] = ()
    """Posts, any of which may approve what another wrote; when empty, whoever's role allows it."""
    channels: tuple[ContactName, ...] = Field(min_length=1)
    """Contacts that are public channels."""
    first_within: Span = timedelta(minutes=10)
    """Ten minutes after activation (Muster's own figure; the law says promptly)."""
    templates: dict[Id, Text] = Field(default_factory=dict)
    rules: tuple[Notice, ...] = ()


class GateCondition(StrEnum):
    """What must be so before a phase can end."""

    MEASURES_LIFTED = "measures_lifted"
    """Every measure is lifted, or has an owner (art. 70, 86)."""
    ZONES_CLEARED = "zones_cleared"
    NOBODY_UNACCOUNTED = "nobody_unaccounted"
    ASSISTANCE_FINISHED = "assistance_finished"
    REPORTS_FILED = "reports_filed"
    """Those that are required to terminate."""
    UNITS_RELEASED = "units_released"
    UNITS_RETURNED = "units_returned"
    CASE_EVALUATED = "case_evaluated"
    TASKS_OVER = "tasks_over"
    """Each task of the phase is finished, or declared impossible."""
    DAMAGE_ASSESSED = "damage_assessed"
    ACTION_PROPOSED = "action_proposed"


class GatePhase(StrEnum):
    """The phases that end by a gate."""

    RESPONSE = "response"
    AFTERMATH = "aftermath"


class Gate(Value):
    """What must be so before a phase ends; a commander can overrule it with a reason."""

    phase: GatePhase
    requires: tuple[GateCondition, ...] = Field(min_length=1)


OWN_GATES = {
    GatePhase.RESPONSE: (
        GateCondition.MEASURES_LIFTED,
        GateCondition.ZONES_CLEARED,
        GateCondition.NOBODY_UNACCOUNTED,
        GateCondition.ASSISTANCE_FINISHED,
        GateCondition.REPORTS_FILED,
        GateCondition.UNITS_RELEASED,
    ),
    GatePhase.AFTERMATH: (GateCondition.CASE_EVALUATED, GateCondition.UNITS_RETURNED),
}
"""The product's own gates, of the phases of which a plan says nothing (art. 70, 86)."""


class SpecialNeed(StrEnum):
    """Why somebody can't leave without help."""

    ELDERLY = "elderly"
    PREGNANT = "pregnant"
    CHILD = "child"
    WHEELCHAIR = "wheelchair"
    VISION = "vision"
    HEARING = "hearing"
    COGNITION = "cognition"
    ILLNESS = "illness"
    LANGUAGE = "language"


class AssistanceRule(Value):
    """How special customers are helped."""

    id: Id
    need: SpecialNeed
    aid: Text
    """What is done for them."""
    post: PostName
    reach_within: Span = timedelta(minutes=3)
    """Three minutes: as the second force of GB/T 38315 has to be there."""
    supplies: dict[SupplyName, Pieces] = Field(default_factory=dict)
    """What it takes: supply → pieces."""


class MoneyRules(Value):
    """Who decides on claims: two persons, always."""

    decided_by: tuple[PostName, ...] = Field(min_length=1)
    """Posts, of which two different ones must agree."""
    decide_within: Span = timedelta(days=30)


class PersonalDataRules(Value):
    """What becomes of personal data (突发事件应对法 2024, art. 84-85)."""

    erase_within: Span
    """After the case was closed, unless it is held lawfully."""
    basis: Line
    """The law that lets it be kept until then."""
    post: PostName
    """Who answers for it."""
