"""People: each duty somebody's, each shift once, each silence answered by the next."""

from __future__ import annotations

import pytest

from compiler.check import check
from tests.compiler.rules.ample import Broken, Kept, changed, codes, found
from tests.domain.plan.plans import contact, group, post, text

GUIDE = "/groups/1/posts/0"
STEPS = "/escalations/0/steps"


def shift(begins: str, ends: str, holder: str) -> dict[str, str]:
    """Return a shift."""
    return {"begins": begins, "ends": ends, "holder": holder}


DAY, NIGHT = shift("08:00", "20:00", "cai"), shift("20:00", "08:00", "dan")

BROKEN: Broken = {
    "groups say which duties are theirs": (
        "duties-unassigned", "/groups", {"/groups/0/covers": [], "/groups/1/covers": []},
    ),
    "every duty is a group's": (
        "duty-without-owner", "/groups", {"/groups/0/covers": ["command", "duty_desk"]},
    ),
    "a group with duties has a post": (
        "duty-without-post", "/groups/2/covers",
        {"/groups/-": group("logistics") | {"covers": ["logistics"]}},
    ),
    "a task is of its group's duty": (
        "duty-of-another-group", "/tasks/1/duty",
        {"/groups/1/parent": None, "/tasks/1/duty": "command"},
    ),
    "a duty has a task": (
        "duty-without-task", "/groups/1/covers/0", {"/tasks/1/duty": "patrol"},
    ),
    "nobody leads more than seven groups": (
        "span-of-control-wide", "/groups/0",
        {"/groups": [
            group("headquarters", post("commander", "ann", "ben")),
            *(group(f"g{n}", parent="headquarters") for n in range(7)),
            group("guidance", post("guide", "cai", "dan"), parent="headquarters"),
        ]},
    ),
    "a post has something to do": (
        "post-idle", "/groups/1/posts/1", {"/groups/1/posts/-": post("idle", "eve", "dan")},
    ),
    "a contact is there for something": (
        "contact-unused", "/contacts/7", {"/contacts/-": contact("stranger")},
    ),
    "the public's screens hold no post": (
        "public-channel-holds-post", GUIDE, {f"{GUIDE}/members": ["screens"]},
    ),
    "the public's screens have no shift": (
        "public-channel-holds-post", GUIDE,
        {f"{GUIDE}/shifts": [DAY, shift("20:00", "08:00", "screens")]},
    ),
    "somebody stands in who has no post": (
        "stand-ins-busy", f"{GUIDE}/deputies", {f"{GUIDE}/deputies": ["ann"]},
    ),
    "shifts cover the day": (
        "shift-gap", f"{GUIDE}/shifts",
        {f"{GUIDE}/shifts": [DAY, shift("20:00", "07:30", "dan")]},
    ),
    "shifts don't overlap": (
        "shift-overlap", f"{GUIDE}/shifts/1",
        {f"{GUIDE}/shifts": [DAY, shift("19:30", "08:00", "dan")]},
    ),
    "a shift lasts twelve hours at most": (
        "shift-too-long", f"{GUIDE}/shifts/0",
        {f"{GUIDE}/shifts": [shift("08:00", "20:30", "cai"), shift("20:30", "08:00", "dan")]},
    ),
    "nobody is on shift in two posts": (
        "person-on-two-shifts", f"{GUIDE}/shifts/1/holder",
        {
            "/groups/0/posts/0/shifts": [NIGHT],
            f"{GUIDE}/shifts": [DAY, shift("20:00", "08:00", "dan")],
        },
    ),
    "nobody stands in for their own shift": (
        "shift-holder-stands-in", f"{GUIDE}/shifts/1/holder",
        {f"{GUIDE}/shifts": [DAY, NIGHT], f"{GUIDE}/deputies": ["dan"]},
    ),
    "a quorum is of those who are told": (
        "quorum-impossible", f"{STEPS}/0/quorum",
        {f"{STEPS}/0/acknowledge": "quorum", f"{STEPS}/0/quorum": 3},
    ),
    "a quorum has a number": (
        "quorum-missing", f"{STEPS}/0", {f"{STEPS}/0/acknowledge": "quorum"},
    ),
    "a number is for a quorum": ("quorum-unused", f"{STEPS}/0/quorum", {f"{STEPS}/0/quorum": 1}),
    "a chain is for a task": (
        "escalation-unused", "/escalations/0", {"/tasks/5/escalation": None},
    ),
    "a chain ends with whoever commands": (
        "escalation-without-command", "/escalations/0", {f"{STEPS}/1/tell": ["cai"]},
    ),
    "a step tells somebody new": (
        "escalation-step-repeats", f"{STEPS}/1/tell", {f"{STEPS}/1/tell": ["eve"]},
    ),
    "a step doesn't tell the public": (
        "escalation-tells-the-public", f"{STEPS}/0/tell/1", {f"{STEPS}/0/tell/1": "screens"},
    ),
    "the last step is in time": (
        "escalation-slower-than-task", "/tasks/5/escalation", {"/tasks/5/finish_within": "3 min"},
    ),
    "a chain without command lasts as long as its task": (
        "escalation-ends-early", "/tasks/5/escalation", {f"{STEPS}/1/tell": ["cai"]},
    ),
    "the last deputy is asked in time": (
        "stand-in-asked-too-late", "/tasks/1/acknowledge_within",
        {"/tasks/1/finish_within": "5 min"},
    ),
    "command isn't vacant for long": (
        "command-vacant-long", "/command/accept_within", {"/command/accept_within": "8 min"},
    ),
    "whoever approves a notice isn't who drafts it": (
        "approval-by-author", "/notices/approved_by",
        {"/notices/approved_by": ["guide"], f"{GUIDE}/deputies": []},
    ),
}  # fmt: skip

KEPT: Kept = {
    "a group below may have the post": (
        "duty-without-post",
        {
            "/groups/-": group("above") | {"covers": ["logistics"]},
            "/groups/1/parent": "above",
        },
    ),
    "a duty may be of the group above": ("duty-of-another-group", {"/tasks/1/duty": "command"}),
    "shifts may meet at midnight": (
        "shift-gap",
        {f"{GUIDE}/shifts": [shift("00:00", "12:00", "cai"), shift("12:00", "00:00", "dan")]},
    ),
    "one shift may last the whole day": (
        "shift-gap", {f"{GUIDE}/shifts": [shift("09:00", "09:00", "cai")]},
    ),
    "shifts may follow one another past midnight": (
        "shift-overlap", {f"{GUIDE}/shifts": [DAY, NIGHT]},
    ),
    "somebody may have two shifts at different hours": (
        "person-on-two-shifts",
        {"/groups/0/posts/0/shifts": [shift("08:00", "20:00", "dan")], f"{GUIDE}/shifts": [NIGHT]},
    ),
    "a following chain may tell command": (
        "escalation-without-command",
        {
            f"{STEPS}/1/tell": ["cai"],
            "/escalations/0/then": "more",
            "/escalations/-": {
                "id": "more", "title": text("More"),
                "steps": [{"tell": ["ann"], "within": "1 min"}],
            },
        },
    ),
    "chains that follow each other in a circle are gone through once": (
        "escalation-ends-early", {"/escalations/0/then": "up"},
    ),
    "an approver who is nobody is another rule's": (
        "approval-by-author", {"/notices/approved_by": ["nobody"]},
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


def test_a_gap_past_midnight_is_told_from_the_evening_on() -> None:
    plan = changed({f"{GUIDE}/shifts": [shift("06:00", "18:00", "cai")]})
    (gap,) = [one for one in check(plan) if one.code == "shift-gap"]
    assert gap.what.said_in("en") == "nobody has a shift in the post 'guide' from 18:00 to 06:00"
