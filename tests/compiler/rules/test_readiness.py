"""Readiness: drilled as the law asks, trained, reviewed; and what is over by a day."""

from __future__ import annotations

from datetime import date

import pytest

from compiler.check import check
from tests.compiler.rules.ample import Broken, Changes, Kept, changed, codes, found
from tests.domain.plan.plans import text

NOVEMBER = date(2026, 11, 23)
MALL = {"/venues/0/type": "mall"}
FRESH = {f"/contacts/{n}/verified_on": "2026-10-01" for n in range(7)}

BROKEN: Broken = {
    "a plan is practised": ("drills-missing", "", {"/drills": []}),
    "a mall drills every half-year": (
        "drill-too-rare", "/venues/0/type", MALL | {"/drills/0/every": "185 d"},
    ),
    "some drill is on foot": ("drill-on-paper-only", "/drills", {"/drills/0/kind": "tabletop"}),
    "each hazard is practised": (
        "hazard-never-drilled", "/drills", {"/drills/0/hazards": ["fire"]},
    ),
    "the staff is trained": ("training-missing", "", {"/trainings": []}),
    "those with posts are trained": (
        "training-missing", "/trainings", {"/trainings/1/audience": "customers"},
    ),
    "a plan is reviewed": ("review-missing", "", {"/review": None}),
    "a plan is reviewed while it is in force": (
        "review-before-effect", "/review/next_on", {"/effective_from": "2027-06-01"},
    ),
}  # fmt: skip

KEPT: Kept = {
    "an office may drill once a year": (
        "drill-too-rare", {"/venues/0/type": "office", "/drills/0/every": "365 d"},
    ),
    "a half-year may have 184 days": ("drill-too-rare", MALL | {"/drills/0/every": "184 d"}),
    "a drill of no hazard is of all": ("hazard-never-drilled", {"/drills/0/hazards": []}),
}  # fmt: skip

OVER: Broken = {
    "a lot expires": (
        "lot-expired", "/supplies/0/lots/1/expires_on",
        {"/supplies/0/lots/1/expires_on": "2026-11-22"},
    ),
    "an inspection is due": (
        "inspection-overdue", "/supplies/0/inspected_on",
        {"/supplies/0/inspected_on": "2026-10-23", "/supplies/0/inspect_every": "30 d"},
    ),
    "an inspection never happened": (
        "inspection-never-done", "/supplies/0", {"/supplies/0/inspect_every": "30 d"},
    ),
    "a contact was never tried": (
        "contacts-never-verified", "/contacts", {"/contacts/3/verified_on": None},
    ),
    "a contact was tried too long ago": (
        "contact-out-of-date", "/contacts/3/verified_on",
        {"/contacts/3/verified_on": "2026-08-24"},
    ),
    "a drill is due": (
        "drill-overdue", "/drills/0/held_on",
        {"/drills/0/held_on": "2026-05-24", "/drills/0/every": "182 d"},
    ),
    "a training is due": (
        "training-overdue", "/trainings/0/held_on", {"/trainings/0/held_on": "2026-05-26"},
    ),
    "a review is due": (
        "review-overdue", "/review/next_on", {"/review/next_on": "2026-11-22"},
    ),
    "a peak is over": (
        "peak-over", "/peaks/0/last_day",
        {"/peaks": [{
            "id": "week", "title": text("Golden week"), "begins": "10:00", "ends": "20:00",
            "last_day": "2026-10-07",
        }]},
    ),
    "what was done is still to come": (
        "date-ahead", "/contacts/3/verified_on", {"/contacts/3/verified_on": "2027-10-01"},
    ),
}  # fmt: skip

STILL: Kept = {
    "a lot lasts through its day": (
        "lot-expired", {"/supplies/0/lots/1/expires_on": "2026-11-23"},
    ),
    "a contact counts for ninety days": (
        "contact-out-of-date", {"/contacts/3/verified_on": "2026-08-25"},
    ),
    "a drill is due on its day": (
        "drill-overdue", {"/drills/0/held_on": "2026-05-25", "/drills/0/every": "182 d"},
    ),
    "today isn't ahead": ("date-ahead", {"/contacts/3/verified_on": "2026-11-23"}),
}  # fmt: skip


@pytest.mark.parametrize("rule", BROKEN)
def test_broken(rule: str) -> None:
    code, where, changes = BROKEN[rule]
    assert (code, where) in found(changes)


@pytest.mark.parametrize("rule", KEPT)
def test_kept(rule: str) -> None:
    code, changes = KEPT[rule]
    assert code not in codes(changes)


@pytest.mark.parametrize("rule", OVER)
def test_over(rule: str) -> None:
    code, where, changes = OVER[rule]
    assert (code, where) in found_in_november(changes)


@pytest.mark.parametrize("rule", STILL)
def test_not_over(rule: str) -> None:
    code, changes = STILL[rule]
    assert code not in {one for one, _ in found_in_november(changes)}


def test_without_a_day_nothing_is_over() -> None:
    long_ago = changed({"/review/next_on": "2020-01-01", "/contacts/0/verified_on": "2019-01-01"})
    assert not {"review-overdue", "contact-out-of-date"} & {one.code for one in check(long_ago)}


def found_in_november(changes: Changes) -> set[tuple[str, str]]:
    """Return what is found in the ample plan after changes, on a day in November."""
    plan = changed(FRESH | dict(changes))
    return {(one.code, one.where) for one in check(plan, NOVEMBER)}
