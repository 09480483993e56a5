"""Triggers: thresholds that can be met, in order of gravity, and that don't flutter."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.plan.model.alerting import Metric
from domain.plan.model.notation import spelled
from domain.values import ResponseLevel, Text, WarningColour

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.plan.model.alerting import Signal, Trigger
    from domain.plan.model.plan import Plan

COLOURS = (WarningColour.RED, WarningColour.ORANGE, WarningColour.YELLOW, WarningColour.BLUE)
"""Gravest first; an authority announces red as 4 and blue as 1."""
STEADY = {Metric.ALARM, Metric.AUTHORITY_COLOUR, Metric.OUTAGE}
"""What is announced, or only grows while it lasts, and so doesn't flutter."""
POSSIBLE = {
    Metric.HEADCOUNT: (1.0, 1_000_000.0),
    Metric.OCCUPANCY: (1.0, 200.0),
    Metric.DENSITY: (0.1, 10.0),
    Metric.FLOW: (1.0, 200.0),
    Metric.QUEUE: (1.0, 1_440.0),
    Metric.TEMPERATURE: (-60.0, 1_000.0),
    Metric.WIND: (1.0, 120.0),
    Metric.RAIN: (0.1, 500.0),
    Metric.WATER: (0.1, 1_000.0),
    Metric.OUTAGE: (0.1, 10_080.0),
    Metric.ALARM: (1.0, 1.0),
    Metric.AUTHORITY_COLOUR: (1.0, 4.0),
}
"""What a threshold can be, in the metric's unit; outside somebody has mistaken the unit."""
DENSITY_MAX = 5.0
"""Persons/m2 at which a crowd is in danger already (Fruin: contact at 3.57, forces at 5.55)."""

HYSTERESIS_UPSIDE_DOWN = Kind(
    "hysteresis-upside-down",
    Severity.ERROR,
    "解除值 {clears} 不低于触发值 {at_least}",
    "it is over below {clears}, which is not lower than the {at_least} that sets it off",
    why=Text.of(
        "刚触发就满足解除条件，预警会反复出现和消失。",
        "It is over as soon as it begins: the warning comes and goes with every reading.",
    ),
    mend=Text.of(
        "把 clears_below 写得低于 at_least。", "Make `clears_below` lower than `at_least`."
    ),
    example="/warnings/3/triggers/0/clears_below: 4.5",
)
TRIGGER_FLUTTERS = Kind(
    "trigger-flutters",
    Severity.WARNING,
    "“{signal}”达到 {at_least} 立即触发，没有持续时间，也没有解除值",
    "'{signal}' sets it off at {at_least} at once, and nothing keeps it from fluttering",
    why=Text.of(
        "一个误读就会触发；在阈值附近摆动会反复报警，人们就不再当真。",
        "One wrong reading sets it off, and values around the threshold do so again and again: "
        "people stop listening.",
    ),
    mend=Text.of("写 sustained_for 或 clears_below。", "Say `sustained_for` or `clears_below`."),
    example="/warnings/3/triggers/0: {signal: density, at_least: 4.0}",
)
THRESHOLDS_OUT_OF_ORDER = Kind(
    "thresholds-out-of-order",
    Severity.ERROR,
    "“{signal}”：较重的 {graver} 在 {value} 触发，较轻的 {lighter} 却要 {other}",
    "'{signal}': the graver {graver} begins at {value}, the lighter {lighter} only at {other}",
    why=Text.of(
        "较轻的一级永远不会先出现，人们没有准备的时间。",
        "The lighter never comes first; nobody is given time to get ready.",
    ),
    mend=Text.of("越重的级别，阈值越高。", "The graver it is, the higher its threshold must be."),
    source="突发事件应对法 2024, art. 63, 71",
    example="/warnings/3/triggers/0/at_least: 2.5\n/warnings/3/triggers/0/clears_below: 2.0",
)
THRESHOLD_IMPOSSIBLE = Kind(
    "threshold-impossible",
    Severity.ERROR,
    "“{signal}”（{metric}）的阈值 {value} 不在 {least}–{most} 之间",
    "the threshold {value} of '{signal}' ({metric}) isn't between {least} and {most}",
    why=Text.of(
        "这个值永远达不到或永远成立，多半是单位写错了。",
        "It is never met, or always: somebody mistook the unit.",
    ),
    mend=Text.of(
        "按该指标的单位写，例如 density 是每平方米人数。",
        "Write it in the unit of the metric; density is persons per square metre.",
    ),
    example="/warnings/3/triggers/0/at_least: 40.0",
)
THRESHOLD_ABOVE_CAPACITY = Kind(
    "threshold-above-capacity",
    Severity.WARNING,
    "“{signal}”的阈值 {value} 超过容量（{capacity}）",
    "the threshold {value} of '{signal}' is above capacity ({capacity})",
    why=Text.of(
        "触发时场所已经超员，预警就不叫预警了。",
        "When it is met there are too many people already: that is no warning.",
    ),
    mend=Text.of(
        "在达到容量之前触发，例如 60、80、90、100%。",
        "Begin before it is full: 60, 80, 90, 100 % are usual.",
    ),
    source="国务院令第505号 (2007)",
    example="/signals/-: {id: count, title: {zh: 人数, en: Count}, metric: headcount}\n"
    "/warnings/3/triggers/-: {signal: count, at_least: 5000, sustained_for: 1 min}",
)
DENSITY_TOO_LATE = Kind(
    "density-too-late",
    Severity.WARNING,
    "“{signal}”要到每平方米 {value} 人才触发，超过 {most} 人",
    "'{signal}' sets it off only at {value} persons per square metre, more than {most}",
    why=Text.of(
        "超过每平方米五人，人已身不由己，来不及疏导。",
        "Beyond five people no longer move of their own will; it is too late to guide them.",
    ),
    mend=Text.of("在 2–4 人时就触发。", "Begin at two to four persons per square metre."),
    source="Fruin, after EPJ Data Science (2016), 10.1140/epjds17",
    example="/warnings/3/triggers/0/at_least: 6.0",
)


class Placed(NamedTuple):
    """A trigger with its signal, where it stands, and what it sets off."""

    where: str
    trigger: Trigger
    signal: Signal
    sets_off: WarningColour | ResponseLevel

    @property
    def said(self) -> str:
        """Return what it sets off, as the plan says it."""
        off = self.sets_off
        return off.name if isinstance(off, ResponseLevel) else off.value

    @property
    def rank(self) -> int:
        """Return how grave it is, 1 the gravest."""
        off = self.sets_off
        return int(off) if isinstance(off, ResponseLevel) else COLOURS.index(off) + 1


def values(plan: Plan) -> Iterator[Finding]:
    """Find thresholds that can't be met, flutter, or come too late for a crowd."""
    capacity = max(sum(zone.capacity for zone in venue.zones) for venue in plan.venues)
    for one in placed(plan):
        trigger, metric = one.trigger, one.signal.metric
        said = {"signal": one.signal.id, "value": f"{trigger.at_least:g}"}
        least, most = POSSIBLE[metric]
        where = f"{one.where}/at_least"
        if not least <= trigger.at_least <= most:
            limits = {"least": f"{least:g}", "most": f"{most:g}", "metric": metric}
            yield finding(THRESHOLD_IMPOSSIBLE, where, **said, **limits)
        elif metric is Metric.OCCUPANCY and trigger.at_least > 100:  # noqa: PLR2004 - percent
            yield finding(THRESHOLD_ABOVE_CAPACITY, where, **said, capacity="100 %")
        elif metric is Metric.HEADCOUNT and trigger.at_least > capacity:
            yield finding(THRESHOLD_ABOVE_CAPACITY, where, **said, capacity=capacity)
        elif metric is Metric.DENSITY and trigger.at_least > DENSITY_MAX:
            yield finding(DENSITY_TOO_LATE, where, **said, most=f"{DENSITY_MAX:g}")
        yield from _steadiness(one)


def order(plan: Plan) -> Iterator[Finding]:
    """Find what is set off sooner than what is less grave."""
    firsts: dict[tuple[object, ...], dict[int, Placed]] = {}
    for one in placed(plan):
        alike = (type(one.sets_off), one.signal.id, frozenset(one.trigger.zones))
        by_rank = firsts.setdefault(alike, {})
        if one.rank not in by_rank or _met(one) < _met(by_rank[one.rank]):
            by_rank[one.rank] = one
    for by_rank in firsts.values():
        for (_, graver), (_, lighter) in pairwise(sorted(by_rank.items())):
            if _met(graver) <= _met(lighter):
                names = {"graver": graver.said, "lighter": lighter.said}
                values = {"value": _shown(graver.trigger), "other": _shown(lighter.trigger)}
                said = {"signal": graver.signal.id, **names, **values}
                yield finding(THRESHOLDS_OUT_OF_ORDER, f"{graver.where}/at_least", **said)


def placed(plan: Plan) -> Iterator[Placed]:
    """Return each trigger whose signal is known."""
    signals = {signal.id: signal for signal in plan.signals}
    for n, rule in enumerate(plan.warnings):
        for k, trigger in enumerate(rule.triggers):
            if signal := signals.get(trigger.signal):
                yield Placed(f"/warnings/{n}/triggers/{k}", trigger, signal, rule.colour)
    for n, level in enumerate(plan.levels):
        for k, trigger in enumerate(level.automatic):
            if signal := signals.get(trigger.signal):
                yield Placed(f"/levels/{n}/automatic/{k}", trigger, signal, level.level)


def _steadiness(one: Placed) -> Iterator[Finding]:
    trigger, clears = one.trigger, one.trigger.clears_below
    if clears is not None and clears >= trigger.at_least:
        said = {"clears": f"{clears:g}", "at_least": f"{trigger.at_least:g}"}
        yield finding(HYSTERESIS_UPSIDE_DOWN, f"{one.where}/clears_below", **said)
    elif clears is None and not trigger.sustained_for and one.signal.metric not in STEADY:
        said = {"signal": one.signal.id, "at_least": f"{trigger.at_least:g}"}
        yield finding(TRIGGER_FLUTTERS, one.where, **said)


def _met(one: Placed) -> tuple[float, timedelta]:
    """Return what sorts triggers of one signal by when they are met."""
    return one.trigger.at_least, one.trigger.sustained_for or timedelta(0)


def _shown(trigger: Trigger) -> str:
    lasting = f" ({spelled(trigger.sustained_for)})" if trigger.sustained_for else ""
    return f"{trigger.at_least:g}{lasting}"


KINDS = (
    HYSTERESIS_UPSIDE_DOWN,
    TRIGGER_FLUTTERS,
    THRESHOLDS_OUT_OF_ORDER,
    THRESHOLD_IMPOSSIBLE,
    THRESHOLD_ABOVE_CAPACITY,
    DENSITY_TOO_LATE,
)
RULES = (values, order)
