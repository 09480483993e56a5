"""Readiness: drills as often as the law asks, of what may happen, with people who were trained."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.plan.model.notation import spelled
from domain.plan.model.readiness import DrillKind, TrainingAudience
from domain.plan.model.space import VenueType
from domain.values import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.plan.model.plan import Plan

HALF_YEAR = timedelta(days=184)
"""The longest half of a year; drills are due at least that often (Decree 708, art. 8)."""

DRILLED_BY_LAW = {
    VenueType.MALL,
    VenueType.SUPERMARKET,
    VenueType.HOTEL,
    VenueType.ENTERTAINMENT,
    VenueType.SCENIC_AREA,
    VenueType.METRO_STATION,
}
"""Venues that the decree names: hotels, shops, entertainment, scenic areas, urban rail."""

DRILLS_MISSING = Kind(
    "drills-missing",
    Severity.WARNING,
    "预案没有规定演练",
    "the plan says nothing of drills",
    why=Text.of(
        "没有演练过的预案，紧急时没有人会照做。",
        "A plan that nobody practised is a plan that nobody follows.",
    ),
    mend=Text.of("写 drills。", "Say `drills`."),
    source="国务院令第708号 (2019), art. 8",
    example="/drills: []",
)
DRILL_TOO_RARE = Kind(
    "drill-too-rare",
    Severity.ERROR,
    "“{venue}”（{type}）依法至少每半年演练一次，预案中最频繁的是每 {every}",
    "'{venue}' ({type}) must drill at least every half-year, and the plan's most frequent drill "
    "is every {every}",
    why=Text.of(
        "按预案演练也会违法，并且须将演练情况报送主管部门。",
        "Whoever keeps to the plan breaks the law, which also wants each drill reported.",
    ),
    mend=Text.of("把 every 写为 182 d 或更短。", "Say `every: 182 d`, or less."),
    source="国务院令第708号 (2019), art. 8",
    example="/drills: [{id: yearly, title: {zh: 年度演练, en: Yearly drill}, kind: full, "
    "every: 365 d}]",
)
DRILL_ON_PAPER_ONLY = Kind(
    "drill-on-paper-only",
    Severity.WARNING,
    "只有桌面推演，没有一次实地演练",
    "all drills are at the table; none is where people have to walk",
    why=Text.of(
        "坐着讨论发现不了堵住的门、打不通的电话、走错的路线。",
        "At the table nobody finds the blocked door, the dead number, the wrong turn.",
    ),
    mend=Text.of(
        "加一项 kind: functional 或 full 的演练。",
        "Add a drill with `kind: functional` or `full`.",
    ),
    source="国务院令第708号 (2019), art. 8",
    example="/drills/0: -",
)
HAZARD_NEVER_DRILLED = Kind(
    "hazard-never-drilled",
    Severity.WARNING,
    "没有一项演练针对“{hazard}”",
    "no drill practises the hazard '{hazard}'",
    why=Text.of(
        "这类事件的任务、路线和用语第一次用就是真的。",
        "Its tasks, its routes and its words are used for the first time when it is real.",
    ),
    mend=Text.of(
        "在一项演练的 hazards 中加上它，或留空表示都练。",
        "Add it to `hazards` of a drill; empty means any.",
    ),
    source="突发事件应对法 2024, art. 28",
    example="/drills/0/hazards: [fire, crowding]",
)
TRAINING_MISSING = Kind(
    "training-missing",
    Severity.WARNING,
    "没有针对“{audience}”的培训",
    "nobody trains '{audience}'",
    why=Text.of(
        "演练检验的是学过的人；没有学过，就只是看热闹。",
        "A drill tests what people were taught; those who weren't only watch.",
    ),
    mend=Text.of("写一条 trainings。", "Add a rule of `trainings`."),
    source="国务院令第708号 (2019), art. 15",
    example="/trainings/1: -",
)
REVIEW_MISSING = Kind(
    "review-missing",
    Severity.WARNING,
    "没有规定何时复审预案",
    "the plan doesn't say when it is reviewed",
    why=Text.of(
        "人员、场地和法律都会变；没有人复审的预案会悄悄过时。",
        "People, places and laws change; a plan that nobody reviews goes wrong in silence.",
    ),
    mend=Text.of("写 review：every 和 next_on。", "Say `review`, with `every` and `next_on`."),
    source="国务院令第708号 (2019), art. 6",
    example="/review: -",
)
REVIEW_BEFORE_EFFECT = Kind(
    "review-before-effect",
    Severity.WARNING,
    "下次复审（{review}）早于生效日期（{effective}）",
    "the next review ({review}) is before the plan takes effect ({effective})",
    why=Text.of(
        "复审日期是旧版留下的，新版生效后就没有复审了。",
        "The day is left over from an older version; the new one is never reviewed.",
    ),
    mend=Text.of("更新 next_on。", "Say a later `next_on`."),
    example="/review/next_on: 2026-11-30",
)


def drills(plan: Plan) -> Iterator[Finding]:
    """Find drills that are missing, too rare, on paper only, or not of what may happen."""
    if not plan.drills:
        yield finding(DRILLS_MISSING, "")
        return
    every = min(drill.every for drill in plan.drills)
    for n, venue in enumerate(plan.venues):
        if venue.type in DRILLED_BY_LAW and every > HALF_YEAR:
            said = {"venue": venue.id, "type": venue.type, "every": spelled(every)}
            yield finding(DRILL_TOO_RARE, f"/venues/{n}/type", **said)
    if all(drill.kind is DrillKind.TABLETOP for drill in plan.drills):
        yield finding(DRILL_ON_PAPER_ONLY, "/drills")
    if all(drill.hazards for drill in plan.drills):
        practised = {hazard for drill in plan.drills for hazard in drill.hazards}
        for hazard in plan.hazards:
            if hazard not in practised:
                yield finding(HAZARD_NEVER_DRILLED, "/drills", hazard=hazard)


def trainings(plan: Plan) -> Iterator[Finding]:
    """Find people whom nobody trains."""
    trained = {training.audience for training in plan.trainings}
    for audience in (TrainingAudience.STAFF, TrainingAudience.POSTS):
        if audience not in trained:
            where = "/trainings" if plan.trainings else ""
            yield finding(TRAINING_MISSING, where, audience=audience)


def reviews(plan: Plan) -> Iterator[Finding]:
    """Find plans that nobody looks at again, or only before they are in force."""
    if plan.review is None:
        yield finding(REVIEW_MISSING, "")
    elif plan.effective_from and plan.review.next_on <= plan.effective_from:
        days = {"review": plan.review.next_on, "effective": plan.effective_from}
        yield finding(REVIEW_BEFORE_EFFECT, "/review/next_on", **days)


KINDS = (
    DRILLS_MISSING,
    DRILL_TOO_RARE,
    DRILL_ON_PAPER_ONLY,
    HAZARD_NEVER_DRILLED,
    TRAINING_MISSING,
    REVIEW_MISSING,
    REVIEW_BEFORE_EFFECT,
)
RULES = (drills, trainings, reviews)
