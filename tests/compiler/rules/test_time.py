"""Time: what waits gets its turn, what is promised is prepared, what is said is said again."""

from __future__ import annotations

import pytest

from tests.compiler.rules.ample import GONE, Broken, Kept, codes, duty, found
from tests.domain.plan.plans import text

RULE = "/notices/rules/0"
WEEKLY = {"/tasks/1/repeats_every": "1 h"}

BROKEN: Broken = {
    "a task waits for one of its phase": (
        "predecessor-of-another-phase", "/tasks/4/after/0", {"/tasks/4/after": ["prepare"]},
    ),
    "a task waits for one of its levels": (
        "predecessor-not-due", "/tasks/4/after/0", {"/tasks/4/levels": ["II", "III"]},
    ),
    "a task waits for one of its hazards": (
        "predecessor-not-due", "/tasks/4/after/0", {"/tasks/1/hazards": ["fire"]},
    ),
    "a task waits for what ends": (
        "predecessor-open-ended", "/tasks/4/after/0",
        {"/tasks/1/finish_within": GONE, "/tasks/1/start_within": "5 min"},
    ),
    "a task waits for what is done once": (
        "repeat-as-predecessor", "/tasks/4/after/0", {"/tasks/1/repeats_every": "1 h"},
    ),
    "what comes again ends first": (
        "repeat-open-ended", "/tasks/5",
        {"/tasks/5/finish_within": GONE, "/tasks/5/start_within": "5 min"},
    ),
    "a task is due some time": (
        "task-without-deadline", "/tasks/1", {"/tasks/1/finish_within": GONE},
    ),
    "a fire is fought within a minute": (
        "first-force-late", "/tasks", {"/tasks/2/start_within": "2 min"},
    ),
    "the first notice is drafted in time": (
        "notice-not-prepared", "/notices/first_within",
        {
            "/tasks/3/finish_within": "11 min",
            "/tasks/2/finish_within": "11 min",
        },
    ),
    "what the draft waits for counts": (
        "notice-not-prepared", "/notices/first_within",
        {
            "/tasks/3/after": ["guide"],
            "/tasks/2/finish_within": "11 min",
        },
    ),
    "guides begin before everybody should be out": (
        "guides-too-late", "/tasks/1/start_within",
        {"/tasks/1/duty": "guidance", "/tasks/1/start_within": "8 min"},
    ),
    "a notice speaks the languages that it promises": (
        "notice-language-missing", f"{RULE}/languages/1",
        {"/notices/templates/calm": {"zh": "请保持冷静"}},
    ),
    "the public is told by a public channel": (
        "channel-not-public", f"{RULE}/channels/1", {f"{RULE}/channels": ["screens", "ann"]},
    ),
    "a template is for a notice": (
        "template-unused", "/notices/templates/loud", {"/notices/templates/loud": text("Loud")},
    ),
    "a notice comes when the plan promises": (
        "notice-later-than-promised", f"{RULE}/first_within", {f"{RULE}/first_within": "11 min"},
    ),
    "a notice is said again": (
        "notice-never-refreshed", RULE, {f"{RULE}/refresh_every": GONE},
    ),
    "a notice is for a phase with notices": (
        "notice-never-due", f"{RULE}/phase", {f"{RULE}/phase": "closed"},
    ),
    "customers are told of each hazard": (
        "customers-not-told", "/notices/rules", {f"{RULE}/hazards": ["fire"]},
    ),
    "the staff is told": ("staff-not-told", "/notices/rules", {f"{RULE}/audiences": ["media"]}),
}  # fmt: skip

KEPT: Kept = {
    "a task may wait for one that is due more often": (
        "predecessor-not-due", {"/tasks/1/levels": ["II", "III"]},
    ),
    "a repeating task may have a deadline": ("repeat-open-ended", WEEKLY),
    "tasks that wait for each other don't hang the check": (
        "notice-not-prepared",
        {"/tasks/3/after": ["draft-2"], "/tasks/-": duty("draft-2", "response", after=["draft"])},
    ),
    "a task of a group for information may draft the notice": (
        "notice-not-prepared",
        {"/tasks/3/post": "commander", "/tasks/3/duty": "information"},
    ),
    "the authorities may be told by a contact of their own": (
        "channel-not-public",
        {f"{RULE}/audiences": ["authorities"], f"{RULE}/channels": ["bureau"]},
    ),
    "a template may be for an action": (
        "template-unused",
        {"/notices/templates/loud": text("Loud"), "/protective_actions/0/template": "loud"},
    ),
    "a warning may be said once": (
        "notice-never-refreshed", {f"{RULE}/phase": "warning", f"{RULE}/refresh_every": GONE},
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
