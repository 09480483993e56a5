"""What the plan wants the public told, by when, and again and again while a phase lasts.

A published notice counts for each rule of the phase whose ways it went out on, whatever its words:
those are people's to choose.
"""

from __future__ import annotations

from collections.abc import Sequence

from domain.incident.events.duties import Message
from domain.incident.events.means import NoticeExpected, NoticeMissed, NoticeNoLongerExpected
from domain.incident.state.context import Context
from domain.incident.state.incident import DeadlineKey, DeadlineKind
from domain.plan.model.plan import Notice
from domain.values import Event, Phase


def begin(on: Context, phase: Phase) -> list[Event]:
    """Return what is to be said first when a phase begins.

    A rule of the response that names no time of its own waits for the plan's first notice.
    """
    return [
        NoticeExpected(
            rule=rule.id, due_at=on.after(rule.first_within or on.plan.notices.first_within)
        )
        for rule in _rules(on, phase)
        if rule.first_within or phase is not Phase.RESPONSE
    ]


def end(on: Context) -> list[Event]:
    """Return what need not be said any more when a phase ends."""
    armed = sorted(key.subject for key in on.incident.deadlines if key.kind is DeadlineKind.NOTICE)
    fallen = [NoticeNoLongerExpected(rule=rule) for rule in armed]
    return [*fallen, *on.withdrawn(*(f"notice-rule/{rule}" for rule in armed))]


def said(on: Context, channels: Sequence[str]) -> list[Event]:
    """Return what a notice that goes out on these channels leaves to be said, and by when."""
    phase = on.incident.phase
    assert phase is not None, "an incident with notices is open"  # noqa: S101 - an invariant
    heard = [rule for rule in _rules(on, phase) if {*rule.channels} <= {*channels}]
    after = [fact for rule in heard for fact in _next(on, rule)]
    return [*on.withdrawn(*(f"notice-rule/{rule.id}" for rule in heard)), *after]


def missed(on: Context, name: str) -> list[Event]:
    """Return what follows when it was not said in time; what is to be renewed goes on from now."""
    due_at = on.incident.deadlines[DeadlineKey(DeadlineKind.NOTICE, name)]
    rule = next(rule for rule in on.plan.notices.rules if rule.id == name)
    told = dict.fromkeys((on.seated(on.plan.notices.post), on.commander))
    return [
        NoticeMissed(rule=name, due_at=due_at),
        *(on.tell(one, Message.NOTICE_MISSED, f"notice-rule/{name}") for one in told),
        *_renewed(on, rule),
    ]


def _next(on: Context, rule: Notice) -> list[Event]:
    armed = DeadlineKey(DeadlineKind.NOTICE, rule.id) in on.incident.deadlines
    done: list[Event] = [NoticeNoLongerExpected(rule=rule.id)] if armed else []
    return _renewed(on, rule) or done


def _renewed(on: Context, rule: Notice) -> list[Event]:
    if rule.refresh_every is None:
        return []
    return [NoticeExpected(rule=rule.id, due_at=on.after(rule.refresh_every))]


def _rules(on: Context, phase: Phase) -> list[Notice]:
    hazard = on.incident.hazard
    return [
        rule
        for rule in on.plan.notices.rules
        if rule.phase is phase and (not rule.hazards or hazard in rule.hazards)
    ]
