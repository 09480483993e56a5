"""What a plan says: who commands, who does what by when, with which means.

Every figure that the source plans leave open is a field with a default, and each default names the
source of its figure, so that nothing is assumed in code.

A field that came after the first release says nothing when it is left out: it is None or empty, and
so is not part of the plan's canonical text.
"""

from __future__ import annotations

from functools import cached_property

from pydantic import Field

from domain.limits import PlanVersion
from domain.plan.model.alerting import (
    AlarmRules,
    CommandRules,
    Level,
    PeakPeriod,
    ProtectiveAction,
    Signal,
    Statements,
    Trigger,
    WarningRule,
)
from domain.plan.model.duties import (
    OWN_GATES,
    AssistanceRule,
    Gate,
    GateCondition,
    GatePhase,
    MoneyRules,
    Notice,
    NoticeRules,
    PersonalDataRules,
    Report,
    Task,
)
from domain.plan.model.means import Lot, PlannedUnit, ResourceKind, ResourceNeed, Supply
from domain.plan.model.organisation import ChannelKind, Contact, Escalation, Group, Post, Shift
from domain.plan.model.quantities import SPAN_MAX, Day, Numeral, Span
from domain.plan.model.readiness import DrillRule, Review, TrainingRule
from domain.plan.model.references import PostName
from domain.plan.model.space import AssemblyArea, Junction, Passage, Route, Venue, Zone
from domain.plan.model.venue_overrides import groups_with, supplies_with
from domain.values import HazardKind, Id, Phase, ResponseLevel, Text, Value


class Plan(Value):
    """A whole plan, pinned to an incident by the hash of its canonical form."""

    id: Id
    version: PlanVersion
    title: Text
    purpose: Text
    scope: Text
    hazards: tuple[HazardKind, ...] = Field(min_length=1)
    venues: tuple[Venue, ...] = Field(min_length=1)
    contacts: tuple[Contact, ...] = Field(min_length=1)
    groups: tuple[Group, ...] = Field(min_length=1)
    command: CommandRules
    alarm: AlarmRules
    warnings: tuple[WarningRule, ...] = Field(min_length=1)
    levels: tuple[Level, ...] = Field(min_length=1)
    tasks: tuple[Task, ...] = Field(min_length=1)
    reports: tuple[Report, ...] = Field(min_length=1)
    notices: NoticeRules
    resource_kinds: tuple[ResourceKind, ...] = ()
    resource_needs: tuple[ResourceNeed, ...] = ()
    resource_post: PostName
    """Who is told when a unit is late or none is to be had."""
    supplies: tuple[Supply, ...] = ()
    effective_from: Day | None = None
    signals: tuple[Signal, ...] = ()
    peaks: tuple[PeakPeriod, ...] = ()
    statements: Statements | None = None
    """What warnings and activations state; all that the law asks for when left out."""
    escalations: tuple[Escalation, ...] = ()
    gates: tuple[Gate, ...] = ()
    """Of a phase that has none here, the product's own."""
    protective_actions: tuple[ProtectiveAction, ...] = ()
    assistance: tuple[AssistanceRule, ...] = ()
    units: tuple[PlannedUnit, ...] = ()
    money: MoneyRules | None = None
    personal_data: PersonalDataRules | None = None
    drills: tuple[DrillRule, ...] = ()
    trainings: tuple[TrainingRule, ...] = ()
    review: Review | None = None

    @cached_property
    def posts(self) -> dict[str, Post]:
        """Return the posts of all groups, by id."""
        return {post.id: post for group in self.groups for post in group.posts}

    @cached_property
    def zones(self) -> dict[str, dict[str, Zone]]:
        """Return the zones by venue and id."""
        return {venue.id: {zone.id: zone for zone in venue.zones} for venue in self.venues}

    @cached_property
    def people(self) -> dict[str, Contact]:
        """Return the contacts by id."""
        return {contact.id: contact for contact in self.contacts}

    @cached_property
    def tasks_by_id(self) -> dict[str, Task]:
        """Return the tasks by id."""
        return {task.id: task for task in self.tasks}

    @cached_property
    def kinds(self) -> dict[str, ResourceKind]:
        """Return the kinds of unit by id."""
        return {kind.id: kind for kind in self.resource_kinds}

    @cached_property
    def at_venues(self) -> dict[str, Plan]:
        """Return the plan as it is where a venue has it otherwise, by venue."""
        return {
            venue.id: self._with(
                groups=groups_with(self.groups, venue.overrides),
                supplies=supplies_with(self.supplies, venue.overrides),
            )
            for venue in self.venues
            if venue.overrides is not None
        }

    def at(self, venue: str) -> Plan:
        """Return the plan as it is at a venue, overrides applied."""
        return self.at_venues.get(venue, self)

    def _with(self, **otherwise: object) -> Plan:
        """Return the plan with other values, and nothing that was derived from the old ones."""
        said = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self).model_construct(self.model_fields_set, **said | otherwise)

    def report(self, report: str) -> Report | None:
        """Return the rule of a report."""
        return next((rule for rule in self.reports if rule.id == report), None)

    def level(self, level: ResponseLevel) -> Level | None:
        """Return what the plan says of a level."""
        return next((rule for rule in self.levels if rule.level == level), None)

    def gate(self, phase: GatePhase) -> tuple[GateCondition, ...]:
        """Return what must be so before a phase ends: as the plan says, or the product."""
        wanted = [one for gate in self.gates if gate.phase is phase for one in gate.requires]
        return tuple(dict.fromkeys(wanted)) or OWN_GATES[phase]

    def tasks_of(
        self, phase: Phase, hazard: HazardKind, level: ResponseLevel | None
    ) -> tuple[Task, ...]:
        """Return the duties that a phase begins with."""
        return tuple(
            task
            for task in self.tasks
            if task.phase is phase
            and (not task.hazards or hazard in task.hazards)
            and (phase is not Phase.RESPONSE or level in task.levels)
        )

    def chain(self, post: str) -> tuple[str, ...]:
        """Return who is told of a post's duty, in order, ending with whoever commands."""
        seat, command = self.posts[post], self.posts[self.command.post]
        told = (
            seat.holder,
            *seat.members,
            *seat.deputies,
            command.holder,
            *command.deputies,
        )
        return tuple(dict.fromkeys(told))


class PlanRef(Value):
    """Which plan an incident is pinned to."""

    id: Id
    version: int
    hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 of the plan's canonical form, in hexadecimal."""


class PinnedPlan(Value):
    """A plan with the reference that pins it."""

    ref: PlanRef
    plan: Plan


__all__ = [
    "SPAN_MAX",
    "AlarmRules",
    "AssemblyArea",
    "AssistanceRule",
    "ChannelKind",
    "CommandRules",
    "Contact",
    "Escalation",
    "Gate",
    "Group",
    "Junction",
    "Level",
    "Lot",
    "MoneyRules",
    "Notice",
    "NoticeRules",
    "Numeral",
    "Passage",
    "PersonalDataRules",
    "PinnedPlan",
    "Plan",
    "PlanRef",
    "PlannedUnit",
    "Post",
    "Report",
    "ResourceKind",
    "ResourceNeed",
    "Route",
    "Shift",
    "Signal",
    "Span",
    "Supply",
    "Task",
    "Trigger",
    "Venue",
    "WarningRule",
    "Zone",
]
