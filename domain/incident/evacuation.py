"""Zones that are evacuated, and the people who can't leave without help."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from domain.decider import Decision, Refused
from domain.incident.events.response import (
    AssistanceGiven,
    AssistanceRegistered,
    EvacuationOrdered,
    UnaccountedReported,
    ZoneCleared,
)
from domain.incident.policy.decisions import RESPONSE, Decisions, Rule
from domain.incident.state.context import Context
from domain.limits import Count
from domain.refusals import Refusal
from domain.values import Command, Id, Line


class OrderEvacuation(Command):
    """Tell people to leave zones."""

    kind: Literal["OrderEvacuation"] = "OrderEvacuation"
    zones: tuple[Id, ...] = Field(min_length=1)


class DeclareZoneCleared(Command):
    """Say that a zone is empty, and who searched it."""

    kind: Literal["DeclareZoneCleared"] = "DeclareZoneCleared"
    zone: Id
    searched_by: Id


class ReportUnaccounted(Command):
    """Say how many people of a zone are still unaccounted for."""

    kind: Literal["ReportUnaccounted"] = "ReportUnaccounted"
    zone: Id
    persons: Count


class RegisterAssistance(Command):
    """Say that somebody in a zone can't leave without help. No name."""

    kind: Literal["RegisterAssistance"] = "RegisterAssistance"
    assistance: Id
    zone: Id
    need: Line
    """The kind of aid, such as an evacuation chair."""


class ConfirmAssistanceGiven(Command):
    """Say that the person is out."""

    kind: Literal["ConfirmAssistanceGiven"] = "ConfirmAssistanceGiven"
    assistance: Id


def order_evacuation(on: Context, ask: OrderEvacuation) -> Decision:
    unknown = [zone for zone in ask.zones if not on.knows_zone(zone)]
    if unknown:
        return Refused(Refusal.ZONE_UNKNOWN, {"zones": ", ".join(unknown)})
    zones = on.incident.zones
    wanted = dict.fromkeys(ask.zones)
    return [
        EvacuationOrdered(zone=zone) for zone in wanted if zone not in zones or zones[zone].cleared
    ]


def declare_zone_cleared(on: Context, ask: DeclareZoneCleared) -> Decision:
    zone = on.incident.zones.get(ask.zone)
    if not on.knows_zone(ask.zone):
        return Refusal.ZONE_UNKNOWN
    if zone is None:
        return Refusal.ZONE_NOT_EVACUATING
    if zone.cleared:
        return []
    if open_cases := [case for case, at in on.incident.assistance.items() if at == ask.zone]:
        cases = ", ".join(sorted(open_cases))
        return Refused(Refusal.ASSISTANCE_STILL_OPEN, {"assistance": cases})
    return [ZoneCleared(zone=ask.zone, searched_by=ask.searched_by)]


def report_unaccounted(on: Context, ask: ReportUnaccounted) -> Decision:
    if not on.knows_zone(ask.zone):
        return Refusal.ZONE_UNKNOWN
    zone = on.incident.zones.get(ask.zone)
    if zone is None:
        return Refusal.ZONE_NOT_EVACUATING
    if zone.unaccounted == ask.persons:
        return []
    return [UnaccountedReported(zone=ask.zone, persons=ask.persons)]


def register_assistance(on: Context, ask: RegisterAssistance) -> Decision:
    if not on.knows_zone(ask.zone):
        return Refusal.ZONE_UNKNOWN
    if ask.assistance in on.incident.assistance or ask.assistance in on.incident.assisted:
        return []
    return [AssistanceRegistered(assistance=ask.assistance, zone=ask.zone, need=ask.need)]


def confirm_assistance_given(on: Context, ask: ConfirmAssistanceGiven) -> Decision:
    if ask.assistance in on.incident.assisted:
        return []
    if ask.assistance not in on.incident.assistance:
        return Refusal.ASSISTANCE_UNKNOWN
    return [AssistanceGiven(assistance=ask.assistance)]


DECISIONS: Decisions = {
    OrderEvacuation: Rule(order_evacuation, phases=RESPONSE),
    DeclareZoneCleared: Rule(declare_zone_cleared),
    ReportUnaccounted: Rule(report_unaccounted),
    RegisterAssistance: Rule(register_assistance, phases=RESPONSE),
    ConfirmAssistanceGiven: Rule(confirm_assistance_given),
}
