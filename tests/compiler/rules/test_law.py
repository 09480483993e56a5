"""Law: its clocks, what it wants said, what two must agree on, when a phase may end."""

from __future__ import annotations

import pytest

from tests.compiler.rules.ample import GONE, Broken, Kept, codes, found
from tests.domain.plan.plans import post

GATE = "/gates/0/requires"
LEGAL = "/reports/1"

BROKEN: Broken = {
    "a report is as soon as the law wants it": (
        "report-later-than-law", f"{LEGAL}/first_within", {f"{LEGAL}/first_within": "61 min"},
    ),
    "a report is as often as the law wants it": (
        "cadence-slower-than-law", f"{LEGAL}/every/III", {f"{LEGAL}/every/III": "3 h"},
    ),
    "a report is as often as the law wants it outside the response": (
        "cadence-slower-than-law", f"{LEGAL}/warning_every",
        {f"{LEGAL}/phases": ["warning", "response"], f"{LEGAL}/warning_every": "3 h"},
    ),
    "a report comes again when the law wants it": (
        "cadence-of-law-missing", LEGAL, {f"{LEGAL}/every": {"II": "1 h"}},
    ),
    "a statutory report has its clock": (
        "statutory-clock-missing", LEGAL, {f"{LEGAL}/statutory_within": GONE},
    ),
    "a clock names its law": ("statutory-without-source", LEGAL, {f"{LEGAL}/source": GONE}),
    "nobody makes the hour of the decree longer": (
        "hour-exceeded", f"{LEGAL}/statutory_within", {f"{LEGAL}/statutory_within": "2 h"},
    ),
    "a report holds what the law wants in it": (
        "report-field-missing", f"{LEGAL}/fields", {f"{LEGAL}/fields": ["unit", "casualties"]},
    ),
    "a statutory report says what it holds": (
        "report-fields-unstated", LEGAL, {f"{LEGAL}/fields": []},
    ),
    "a statutory report says who receives it": (
        "report-without-recipient", LEGAL, {f"{LEGAL}/to": GONE},
    ),
    "what changes later is reported, too": (
        "supplementary-report-missing", "/reports", {"/reports/2": GONE},
    ),
    "a warning says what the law wants": (
        "warning-field-missing", "/statements/warning",
        {"/statements": {"warning": ["category", "level"]}},
    ),
    "an activation says what the law wants": (
        "activation-field-missing", "/statements/activation",
        {"/statements": {"activation": ["level"]}},
    ),
    "the commander can decide on each level": (
        "command-cannot-decide", "/levels/0/decided_by", {"/levels/0/decided_by": ["guide"]},
    ),
    "somebody announces the end": ("end-not-announced", "/notices", {
        "/tasks/7/post": "commander", "/tasks/6/post": "commander",
    }),
    "personal data is destroyed": (
        "personal-data-without-rules", "", {"/personal_data": GONE},
    ),
    "two decide on claims": ("money-without-rules", "", {"/money": GONE}),
    "two posts decide on claims": (
        "money-decided-alone", "/money/decided_by", {"/money/decided_by": ["guide", "guide"]},
    ),
    "two people decide on claims": (
        "money-decided-alone", "/money/decided_by",
        {
            "/money/decided_by": ["cash", "till"],
            "/groups/1/posts/-": post("cash", "eve"),
            "/groups/0/posts/-": post("till", "eve"),
        },
    ),
    "no measure outlasts the response": (
        "gate-leaves-measures", GATE, {GATE: ["nobody_unaccounted", "reports_filed"]},
    ),
    "nobody is missing when the response ends": (
        "gate-ignores-people", GATE, {GATE: ["measures_lifted", "assistance_finished"]},
    ),
    "nobody waits for help when the response ends": (
        "gate-ignores-people", GATE, {GATE: ["measures_lifted", "nobody_unaccounted"]},
    ),
    "the gate asks for the reports that it needs": (
        "gate-ignores-reports", GATE, {GATE: ["measures_lifted"]},
    ),
    "the response can end": (
        "gate-never-opens", f"{GATE}/1", {GATE: ["measures_lifted", "case_evaluated"]},
    ),
    "no case is closed without having been evaluated": (
        "gate-without-evaluation", "/gates/1/requires", {"/gates/1/requires": ["units_returned"]},
    ),
}  # fmt: skip

KEPT: Kept = {
    "a plan without gates has the product's own": ("gate-leaves-measures", {"/gates": []}),
    "a supplementary report has another clock": (
        "hour-exceeded", {"/reports/2/source": "国务院令第493号 (2007), art. 13"},
    ),
    "a report of another law has other contents": (
        "report-field-missing",
        {f"{LEGAL}/source": "Port State Control", f"{LEGAL}/fields": ["unit"]},
    ),
    "a report once is as often as the law wants it when it wants no more": (
        "cadence-of-law-missing", {f"{LEGAL}/statutory_every": GONE, f"{LEGAL}/every": {}},
    ),
    "an unknown post that decides on money is another rule's": (
        "money-decided-alone", {"/money/decided_by": ["nobody", "guide"]},
    ),
    "money isn't asked for where nobody settles claims": (
        "money-without-rules", {"/money": GONE, "/groups/1/covers": ["guidance"]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", BROKEN)
def test_broken(rule: str) -> None:
    code, where, changes = BROKEN[rule]
    assert (code, where) in found(changes)


@pytest.mark.parametrize("rule", KEPT)
def test_kept(rule: str) -> None:
    code, changes = KEPT[rule]
    assert code not in codes(changes)
