"""The response begins, and is raised or lowered."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from domain.decider import Decision, Refused
from domain.incident import command, measures, reporting, resources, tasks
from domain.incident.events.duties import Message
from domain.incident.events.response import ResponseActivated, ResponseLevelChanged
from domain.incident.measures import NewMeasure
from domain.incident.policy import notice_schedule, task_assignment
from domain.incident.policy.decisions import ACTING, RESPONSE, Decisions, Rule
from domain.incident.state.context import Context
from domain.plan.model.plan import Span
from domain.refusals import Refusal
from domain.values import Command, Event, Phase, Prose, ResponseLevel


class ActivateResponse(Command):
    """Set the plan in motion at a level (突发事件应对法 art. 72)."""

    kind: Literal["ActivateResponse"] = "ActivateResponse"
    level: ResponseLevel
    matters: Prose
    expected_duration: Span
    measures: tuple[NewMeasure, ...] = ()


class ChangeResponseLevel(Command):
    """Raise or lower the response; the context's reason says why."""

    kind: Literal["ChangeResponseLevel"] = "ChangeResponseLevel"
    level: ResponseLevel


def activate_response(on: Context, ask: ActivateResponse) -> Decision:
    if on.plan.level(ask.level) is None:
        return _level_unknown(on)
    if on.incident.phase is Phase.RESPONSE:
        same = on.incident.level == ask.level
        return [] if same else Refusal.RESPONSE_ALREADY_ACTIVE
    imposed = measures.impose(on, ask.measures)
    begun = begin(on, ask.level, ask.matters, ask.expected_duration, automatic=False)
    return [begun[0], *imposed, *begun[1:]]


def change_response_level(on: Context, ask: ChangeResponseLevel) -> Decision:
    if on.plan.level(ask.level) is None:
        return _level_unknown(on)
    assert on.incident.level, "a response has a level"  # noqa: S101 - an invariant
    if on.incident.level == ask.level:
        return []
    if not on.asked.reason:
        return Refusal.REASON_REQUIRED
    changed = ResponseLevelChanged(level=ask.level, was=on.incident.level)
    raised = on._replace(incident=on.incident._replace(level=ask.level))
    return [
        changed,
        *task_assignment.begin(raised, Phase.RESPONSE, ask.level),
        *resources.begin(raised, ask.level, was=on.incident.level),
    ]


def begin(
    on: Context,
    level: ResponseLevel,
    matters: str,
    duration: timedelta,
    *,
    automatic: bool,
) -> list[Event]:
    """Return all that a response begins with, in one piece: there is no half-begun phase."""
    activated = ResponseActivated(
        level=level,
        matters=matters,
        expected_duration=duration,
        automatic=automatic,
        first_notice_by=on.after(on.plan.notices.first_within),
    )
    ended = [*tasks.end(on), *reporting.end(on, Phase.RESPONSE), *notice_schedule.end(on)]
    now = on._replace(incident=on.incident._replace(phase=Phase.RESPONSE, level=level))
    return [
        activated,
        *ended,
        *_offer_command(now),
        *task_assignment.begin(now, Phase.RESPONSE, level),
        *reporting.begin(now, Phase.RESPONSE),
        *notice_schedule.begin(now, Phase.RESPONSE),
        *resources.begin(now, level, was=None),
    ]


def _offer_command(on: Context) -> list[Event]:
    post = on.plan.command.post
    holding = on.incident.posts.get(post)
    if holding and (holding.held_by or holding.offered_to):
        told = holding.held_by or holding.offered_to or ""
        return [on.tell(told, Message.RESPONSE_ACTIVATED, f"post/{post}")]
    return command.offer(on, post, on.seated(post))


def _level_unknown(on: Context) -> Refused:
    levels = ", ".join(rule.level.name for rule in on.plan.levels)
    return Refused(Refusal.LEVEL_UNKNOWN, {"levels": levels})


DECISIONS: Decisions = {
    ActivateResponse: Rule(activate_response, phases=ACTING),
    ChangeResponseLevel: Rule(change_response_level, phases=RESPONSE),
}
