"""What sets a plan in motion: signals, warnings, levels, alarms, peak periods."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from pydantic import Field, StrictBool

from domain.plan.model.quantities import Day, Number, Numeral, Persons, Span, TimeOfDay
from domain.plan.model.references import PostName, SignalName, TemplateName, ZoneName
from domain.values import HazardKind, Id, Text, Value, WarningColour


class Metric(StrEnum):
    """What a signal measures, with its unit."""

    HEADCOUNT = "headcount"
    """Persons."""
    OCCUPANCY = "occupancy"
    """Percent of a zone's capacity."""
    DENSITY = "density"
    """Persons per square metre."""
    FLOW = "flow"
    """Persons per metre of width and minute."""
    QUEUE = "queue"
    """Minutes of waiting."""
    TEMPERATURE = "temperature"
    """Degrees Celsius."""
    WIND = "wind"
    """Metres per second."""
    RAIN = "rain"
    """Millimetres per hour."""
    WATER = "water"
    """Centimetres above the floor."""
    OUTAGE = "outage"
    """Minutes without power or without a facility."""
    ALARM = "alarm"
    """1 when it sounds."""
    AUTHORITY_COLOUR = "authority_colour"
    """4 red, 3 orange, 2 yellow, 1 blue: as an authority announced."""


class Signal(Value):
    """Something that is watched."""

    id: Id
    title: Text
    metric: Metric


class Trigger(Value):
    """A threshold that sets something off. Several on one rule: any of them."""

    signal: SignalName
    at_least: Number
    """In the unit of the signal's metric."""
    sustained_for: Span | None = None
    """How long the value must stay there; at once when left out."""
    clears_below: Number | None = None
    """The value under which it is over again: lower than `at_least`, so that it can't flutter."""
    zones: tuple[ZoneName, ...] = ()
    """Only there; anywhere when empty."""


class WarningRule(Value):
    """What a warning colour means here."""

    colour: WarningColour
    criteria: Text
    triggers: tuple[Trigger, ...] = ()


class Level(Value):
    """A response level: when it applies, and who may decide it."""

    level: Numeral
    criteria: Text
    decided_by: tuple[PostName, ...] = Field(min_length=1)
    """Posts."""
    automatic: tuple[Trigger, ...] = ()
    """Begins without a decision when one of these is met (GB/T 29639-2020: automatic mode)."""


class CommandRules(Value):
    """Who commands, and how long an offer of the command stands."""

    post: PostName
    accept_within: Span = timedelta(minutes=3)
    """Three minutes, then the next deputy is asked (GB/T 38315, second force)."""


class AlarmRules(Value):
    """What follows when nobody verifies an alarm (GB/T 29639-2020: automatic activation)."""

    verify_within: Span = timedelta(minutes=2)
    """Two minutes (Muster's own figure; GB/T 38315 wants the first force there after one)."""
    fail_safe_level: Numeral
    fail_safe_matters: Text
    fail_safe_duration: Span = timedelta(hours=2)


class Weekday(StrEnum):
    """A day of the week."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class PeakPeriod(Value):
    """When more people than usual are expected, so that the plan runs before anything happens."""

    id: Id
    title: Text
    weekdays: tuple[Weekday, ...] = ()
    """Every day when empty."""
    begins: TimeOfDay
    ends: TimeOfDay
    first_day: Day | None = None
    last_day: Day | None = None
    expected: Persons | None = None
    """Persons at once in the whole venue."""


class WarningField(StrEnum):
    """What a warning must state (突发事件应对法 2024, art. 64)."""

    CATEGORY = "category"
    LEVEL = "level"
    START = "start"
    SCOPE = "scope"
    MATTERS = "matters"
    MEASURES = "measures"
    ISSUER = "issuer"
    ISSUED_AT = "issued_at"


class ActivationField(StrEnum):
    """What an activation must state (突发事件应对法 2024, art. 72)."""

    MATTERS = "matters"
    LEVEL = "level"
    DURATION = "duration"
    MEASURES = "measures"


class Statements(Value):
    """What is said when a warning is raised and when the response begins."""

    warning: tuple[WarningField, ...] = tuple(WarningField)
    activation: tuple[ActivationField, ...] = tuple(ActivationField)


class ProtectiveKind(StrEnum):
    """What people are asked to do; more than leaving (UK Terrorism Act 2025: four procedures)."""

    EVACUATE = "evacuate"
    INVACUATE = "invacuate"
    LOCKDOWN = "lockdown"
    COMMUNICATE = "communicate"


class ProtectiveMode(StrEnum):
    """In which order people leave."""

    FULL = "full"
    PHASED = "phased"
    DIRECTIONAL = "directional"


class ProtectiveAction(Value):
    """An action that can be ordered, for which hazards, where, and with which words."""

    id: Id
    title: Text
    kind: ProtectiveKind
    mode: ProtectiveMode | None = None
    """For an evacuation only."""
    hazards: tuple[HazardKind, ...] = ()
    """For all when empty."""
    zones: tuple[ZoneName, ...] = ()
    """All when empty; in order, for a phased evacuation."""
    template: TemplateName | None = None
    """What is announced."""
    needs_help: StrictBool = False
    """Whether special customers can't do it alone."""
