"""Restrictions on people: imposed, lifted, handed over. None stays without an owner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from domain.decider import Decision
from domain.incident.events.response import (
    MeasureHandedOver,
    MeasureImposed,
    MeasureLifted,
)
from domain.incident.policy.decisions import ACTING, Decisions, Rule
from domain.incident.state.context import Context
from domain.refusals import Refusal
from domain.values import Command, Event, Id, Line, Value


class NewMeasure(Value):
    """A restriction to impose."""

    measure: Id
    title: Line


class ImposeMeasure(Command):
    """Put a restriction in force."""

    kind: Literal["ImposeMeasure"] = "ImposeMeasure"
    measure: Id
    title: Line


class LiftMeasure(Command):
    """End a restriction."""

    kind: Literal["LiftMeasure"] = "LiftMeasure"
    measure: Id


class HandOverMeasure(Command):
    """Leave a restriction in force under somebody who owns it beyond the response."""

    kind: Literal["HandOverMeasure"] = "HandOverMeasure"
    measure: Id
    owner: Line
    """An office or a post; no person's name."""


def impose_measure(on: Context, ask: ImposeMeasure) -> Decision:
    if ask.measure in on.incident.measures:
        return Refusal.ID_ALREADY_USED if on.incident.measures[ask.measure].lifted else []
    return [MeasureImposed(measure=ask.measure, title=ask.title)]


def lift_measure(on: Context, ask: LiftMeasure) -> Decision:
    measure = on.incident.measures.get(ask.measure)
    if measure is None:
        return Refusal.MEASURE_UNKNOWN
    return [] if measure.lifted else [MeasureLifted(measure=ask.measure)]


def hand_over_measure(on: Context, ask: HandOverMeasure) -> Decision:
    measure = on.incident.measures.get(ask.measure)
    if measure is None or measure.lifted:
        return Refusal.MEASURE_UNKNOWN
    if measure.owner == ask.owner:
        return []
    return [MeasureHandedOver(measure=ask.measure, owner=ask.owner)]


def impose(on: Context, wanted: Sequence[NewMeasure]) -> list[Event]:
    """Return the measures of a command that are not in force yet."""
    new = {measure.measure: measure for measure in wanted}
    return [
        MeasureImposed(measure=measure.measure, title=measure.title)
        for measure in new.values()
        if measure.measure not in on.incident.measures
    ]


def lift_all(on: Context) -> list[Event]:
    """Return the lifting of every measure in force."""
    return [
        MeasureLifted(measure=measure)
        for measure, state in sorted(on.incident.measures.items())
        if not state.lifted
    ]


DECISIONS: Decisions = {
    ImposeMeasure: Rule(impose_measure, phases=ACTING),
    LiftMeasure: Rule(lift_measure),
    HandOverMeasure: Rule(hand_over_measure),
}
