"""Peak periods: they come, the plan is for them, and the venue holds who is expected."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.plan.model.alerting import Weekday
from domain.values import HazardKind, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.plan.model.alerting import PeakPeriod
    from domain.plan.model.plan import Plan

WEEK = timedelta(days=7)

PEAK_NEVER = Kind(
    "peak-never",
    Severity.ERROR,
    "高峰“{name}”在 {first} 至 {last} 之间没有一天",
    "the peak '{name}' has no day from {first} to {last}",
    why=Text.of(
        "日期倒置，或其间没有所写的星期几，这个高峰永远不会到来。",
        "Its days run backwards, or none of them is such a weekday: it never comes.",
    ),
    mend=Text.of("改正日期或星期。", "Correct the days, or the weekdays."),
    example="/peaks/0/last_day: 2026-11-30",
)
PEAK_OVER_CAPACITY = Kind(
    "peak-over-capacity",
    Severity.ERROR,
    "高峰“{name}”预计 {expected} 人，超过最大场所的容量 {capacity} 人",
    "the peak '{name}' expects {expected} persons, more than the largest venue holds ({capacity})",
    why=Text.of(
        "事先就知道会超员还照常开放，是违法的，也是危险的。",
        "To open although too many are expected is unlawful, and dangerous.",
    ),
    mend=Text.of(
        "限制人数（预约、限票），或核对区域容量。",
        "Limit the number by booking or tickets, or count the zones' capacity again.",
    ),
    source="国务院令第505号 (2007)",
    example="/peaks/0/expected: 500",
)
PEAK_WITHOUT_HAZARD = Kind(
    "peak-without-hazard",
    Severity.WARNING,
    "写了高峰时段，但预案不适用于 peak_period",
    "peak periods are named, but the plan isn't for the hazard peak_period",
    why=Text.of(
        "高峰到来时，没有一项任务会为它派发。",
        "When the peak comes no task is assigned for it.",
    ),
    mend=Text.of("在 hazards 中加上 peak_period。", "Add `peak_period` to `hazards`."),
    example="/hazards: [fire, crowding, security]",
)
PEAKS_UNSTATED = Kind(
    "peaks-unstated",
    Severity.WARNING,
    "预案适用于客流高峰，但没有写高峰在何时",
    "the plan is for peak periods, but doesn't say when they are",
    why=Text.of(
        "高峰不是意外：不写明时间，就没有人提前到岗。",
        "A peak is no accident: where nobody knows when it is, nobody is at their post in time.",
    ),
    mend=Text.of(
        "写 peaks：星期、时间、预计人数。", "Say `peaks`: weekdays, hours, persons expected."
    ),
    source="国务院令第505号 (2007)",
    example="/peaks: []",
)


def peaks(plan: Plan) -> Iterator[Finding]:
    """Find peak periods that never come, or that no venue could hold."""
    capacity = max(sum(zone.capacity for zone in venue.zones) for venue in plan.venues)
    for n, peak in enumerate(plan.peaks):
        if not _comes(peak):
            days = {"first": peak.first_day, "last": peak.last_day}
            yield finding(PEAK_NEVER, f"/peaks/{n}", name=peak.id, **days)
        if peak.expected and peak.expected > capacity:
            said = {"expected": peak.expected, "capacity": capacity}
            yield finding(PEAK_OVER_CAPACITY, f"/peaks/{n}/expected", name=peak.id, **said)


def meant(plan: Plan) -> Iterator[Finding]:
    """Find peaks that the plan is not for, and a plan for peaks that names none."""
    is_for_peaks = HazardKind.PEAK_PERIOD in plan.hazards
    if plan.peaks and not is_for_peaks:
        yield finding(PEAK_WITHOUT_HAZARD, "/peaks")
    if is_for_peaks and not plan.peaks:
        yield finding(PEAKS_UNSTATED, "/hazards")


def _comes(peak: PeakPeriod) -> bool:
    if peak.first_day is None or peak.last_day is None:
        return True
    if peak.last_day < peak.first_day:
        return False
    if not peak.weekdays or peak.last_day - peak.first_day >= WEEK - timedelta(days=1):
        return True
    days = (peak.last_day - peak.first_day).days + 1
    weekdays = {[*Weekday][(peak.first_day.weekday() + n) % 7] for n in range(days)}
    return bool(weekdays & {*peak.weekdays})


KINDS = (PEAK_NEVER, PEAK_OVER_CAPACITY, PEAK_WITHOUT_HAZARD, PEAKS_UNSTATED)
RULES = (peaks, meant)
