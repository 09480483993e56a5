"""Whether a plan can work: a rule, a line."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from compiler.check import check
from tests.domain.plan.plans import (
    SMALL_PLAN,
    contact,
    group,
    level,
    post,
    spoilt,
    task,
    text,
    zone,
)

RULES: dict[str, tuple[str, str, str, object]] = {
    "a holder must be a contact": (
        "contact-unknown", "/groups/1/posts/0/holder", "/groups/1/posts/0/holder", "caii",
    ),
    "a deputy must be a contact": (
        "contact-unknown", "/groups/0/posts/0/deputies/0", "/groups/0/posts/0/deputies", ["bob"],
    ),
    "a member must be a contact": (
        "contact-unknown", "/groups/0/posts/0/members/0", "/groups/0/posts/0/members", ["bob"],
    ),
    "a notice goes to channels that are contacts": (
        "contact-unknown", "/notices/channels/1", "/notices/channels", ["screens", "radio"],
    ),
    "a task falls to a post": ("post-unknown", "/tasks/1/post", "/tasks/1/post", "gide"),
    "a report is owed by a post": ("post-unknown", "/reports/0/post", "/reports/0/post", "me"),
    "a post commands": ("post-unknown", "/command/post", "/command/post", "comander"),
    "a post drafts notices": ("post-unknown", "/notices/post", "/notices/post", "press"),
    "a post is told of late units": ("post-unknown", "/resource_post", "/resource_post", "me"),
    "a post keeps a supply": (
        "post-unknown", "/supplies/0/custodian", "/supplies/0/custodian", "ann",
    ),
    "a level is decided by posts": (
        "post-unknown", "/levels/0/decided_by/0", "/levels/0/decided_by", ["mayor"],
    ),
    "a group is below a group": (
        "group-unknown", "/groups/1/parent", "/groups/1/parent", "headquarter",
    ),
    "a need is of a known kind": (
        "resource-kind-unknown", "/resource_needs/0/kind", "/resource_needs/0/kind", "guards",
    ),
    "the fail-safe level is one of the plan's": (
        "level-unknown", "/alarm/fail_safe_level", "/alarm/fail_safe_level", "IV",
    ),
    "a task's levels are the plan's": (
        "level-unknown", "/tasks/1/levels/1", "/tasks/1/levels", ["III", "IV", "II"],
    ),
    "a need's levels are the plan's": (
        "level-unknown", "/resource_needs/0/levels/0", "/resource_needs/0/levels", ["I"],
    ),
    "a cadence is for the plan's levels": (
        "level-unknown", "/reports/0/every/I", "/reports/0/every",
        {"I": "15 min", "II": "15 min", "III": "30 min"},
    ),
    "a task's hazards are the plan's": (
        "hazard-unknown", "/tasks/1/hazards/2", "/tasks/1/hazards",
        ["crowding", "fire", "security"],
    ),
    "two contacts have two names": (
        "id-duplicate", "/contacts/5/id", "/contacts",
        [contact(name) for name in ("ann", "ben", "cai", "dan", "screens", "ann")],
    ),
    "two posts have two names, whatever their groups": (
        "id-duplicate", "/groups/1/posts/1/id", "/groups/1/posts",
        [post("guide", "cai", "dan"), post("commander", "dan", "cai")],
    ),
    "two zones of a venue have two names": (
        "id-duplicate", "/venues/0/zones/1/id", "/venues/0/zones", [zone("door"), zone("door")],
    ),
    "a level is stated once": (
        "id-duplicate", "/levels/2/level", "/levels", [level("II"), level("III"), level("II")],
    ),
    "a colour is stated once": (
        "id-duplicate", "/warnings/3/colour", "/warnings/3/colour", "red",
    ),
    "no group is above itself": (
        "group-cycle", "/groups/0/parent", "/groups/0/parent", "guidance",
    ),
    "the commander has a deputy": (
        "command-without-deputy", "/groups/0/posts/0/deputies", "/groups/0/posts/0/deputies", [],
    ),
    "every post should have a deputy": (
        "post-without-deputy", "/groups/1/posts/0/deputies", "/groups/1/posts/0/deputies", [],
    ),
    "nobody stands in for themselves": (
        "stand-in-repeated", "/groups/1/posts/0", "/groups/1/posts/0/deputies", ["dan", "cai"],
    ),
    "a person should hold one post": (
        "person-with-two-posts", "/groups/1/posts/0/holder", "/groups/1/posts/0/holder", "ann",
    ),
    "a notice should have a template": (
        "notice-without-template", "/notices", "/notices/templates", {},
    ),
    "work starts after it was acknowledged": (
        "start-before-acknowledgement", "/tasks/1/start_within", "/tasks/1/start_within",
        "1 min",
    ),
    "work is finished after it was acknowledged": (
        "finish-before-acknowledgement", "/tasks/1/finish_within", "/tasks/1/finish_within",
        "90 s",
    ),
    "work is finished after it was started": (
        "finish-before-start", "/tasks/1/finish_within", "/tasks/1",
        task("guide", "response", start_within="10 min", finish_within="5 min"),
    ),
    "a task's phase begins with tasks": (
        "never-due", "/tasks/3/phase", "/tasks",
        [*(task(name, name) for name in ("warning", "response", "aftermath")), task("x", "closed")],
    ),
    "a task of the response has a level": (
        "never-due", "/tasks/3/levels", "/tasks",
        [
            *(task(name, name) for name in ("warning", "response", "aftermath")),
            task("x", "response", levels=[]),
        ],
    ),
    "a report is owed in a phase that has reports": (
        "never-due", "/reports/0/phases/1", "/reports/0/phases",
        ["warning", "normal", "response"],
    ),
    "a need has a level": (
        "never-due", "/resource_needs/0/levels", "/resource_needs/0/levels", [],
    ),
    "each phase begins with tasks": (
        "phase-without-tasks", "/tasks", "/tasks/2/phase", "response",
    ),
    "each level begins with tasks": (
        "level-without-tasks", "/levels/1", "/tasks/1",
        task("guide", "response", levels=["II"]),
    ),
    "a graver level reports at least as often": (
        "cadence-slower-when-graver", "/reports/0/every/II", "/reports/0/every/II", "1 h",
    ),
    "each level has a cadence": (
        "cadence-missing", "/reports/0/every", "/reports/0/every", {"III": "30 min"},
    ),
    "a cadence is for a phase in which the report is owed": (
        "cadence-unused", "/reports/0/warning_every", "/reports/0/phases", ["response"],
    ),
    "what the end of the response waits for is owed in the response": (
        "required-report-not-owed", "/reports/0/required_to_terminate", "/reports/0/phases",
        ["warning"],
    ),
    "a report should name the law that asks for it": (
        "no-statutory-report", "/reports", "/reports/0/source", None,
    ),
    "each colour should have its criteria": (
        "colour-missing", "/warnings", "/warnings",
        [{"colour": name, "criteria": text(name)} for name in ("red", "orange", "yellow")],
    ),
    "a supply should not be short": (
        "supply-below-minimum", "/supplies/0/quantity", "/supplies/0/quantity", 4,
    ),
    "a text says something": ("text-empty", "/tasks/1/title", "/tasks/1/title", {}),
    "a template says something": (
        "text-empty", "/notices/templates/calm", "/notices/templates/calm", {},
    ),
    "a text speaks the plan's languages": (
        "language-missing", "/groups/0/duties/0", "/groups/0/duties/0", {"zh": "指挥"},
    ),
}  # fmt: skip
"""Each rule: its code, where it is found, and where in the small plan which value breaks it."""


def test_a_small_plan_can_come_into_force() -> None:
    assert [found for found in check(SMALL_PLAN) if found.is_error] == []


@pytest.mark.parametrize("rule", RULES)
def test_rule(rule: str) -> None:
    code, where, spoilt_at, value = RULES[rule]
    found = {(finding.code, finding.where) for finding in check(spoilt(spoilt_at, value))}
    assert (code, where) in found


def test_the_author_of_a_notice_cannot_be_the_only_one_to_approve_it() -> None:
    alone = spoilt("/groups", [group("headquarters", post("guide", "ann"))]).model_copy(
        update={"command": SMALL_PLAN.command.model_copy(update={"post": "guide"})}
    )
    assert "approval-by-author" in {finding.code for finding in check(alone)}


def test_a_person_without_a_channel_is_not_a_contact() -> None:
    with pytest.raises(ValidationError):
        spoilt("/contacts/0/channels", [])


def test_a_misspelt_name_is_found_with_what_was_meant() -> None:
    errors = [found for found in check(spoilt("/tasks/1/post", "gide")) if found.is_error]
    assert [(found.code, found.where, found.meant) for found in errors] == [
        ("post-unknown", "/tasks/1/post", "guide")
    ]
    assert errors[0].what.said_in("en") == "no post is called 'gide'"
    assert errors[0].what.said_in("zh") == "没有名为“gide”的岗位"


def test_a_rule_stands_alone_whatever_else_is_wrong() -> None:
    nothing_fits = spoilt("/groups", [group("nobody", parent="nobody")])
    codes = {finding.code for finding in check(nothing_fits)}
    assert {"post-unknown", "group-cycle"} <= codes
