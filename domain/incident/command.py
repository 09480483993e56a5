"""Posts and the command: offered, accepted, declined, transferred, and passed on in silence."""

from __future__ import annotations

from typing import Literal

from domain.decider import Decision
from domain.incident.events.duties import Message
from domain.incident.events.response import (
    CommandTransferred,
    PostAccepted,
    PostDeclined,
    PostLeftVacant,
    PostOffered,
    PostOfferExpired,
)
from domain.incident.policy.decisions import Decisions, Rule
from domain.incident.state.context import Context
from domain.incident.state.incident import Holding
from domain.refusals import Refusal
from domain.values import Command, Event, Id, Prose


class AssignRole(Command):
    """Offer a post to a person, who must accept it before it counts."""

    kind: Literal["AssignRole"] = "AssignRole"
    post: Id
    person: Id


class AcceptRole(Command):
    """Take the post that was offered."""

    kind: Literal["AcceptRole"] = "AcceptRole"
    post: Id


class DeclineRole(Command):
    """Turn the post down that was offered; the next in line is asked."""

    kind: Literal["DeclineRole"] = "DeclineRole"
    post: Id


class TransferCommand(Command):
    """Hand the command to another person, with a briefing. They hold it from that moment."""

    kind: Literal["TransferCommand"] = "TransferCommand"
    to_person: Id
    briefing: Prose


def assign_role(on: Context, ask: AssignRole) -> Decision:
    if ask.post not in on.plan.posts:
        return Refusal.POST_UNKNOWN
    if ask.person not in on.plan.people:
        return Refusal.PERSON_UNKNOWN
    holding = on.incident.posts.get(ask.post) or Holding()
    if ask.person in {holding.held_by, holding.offered_to}:
        return []
    return [*on.withdrawn(f"post/{ask.post}"), *offer(on, ask.post, ask.person)]


def accept_role(on: Context, ask: AcceptRole) -> Decision:
    holding = on.incident.posts.get(ask.post)
    if holding is None:
        return Refusal.POST_UNKNOWN if ask.post not in on.plan.posts else Refusal.POST_NOT_OFFERED
    if holding.held_by == on.who and holding.offered_to is None:
        return []
    if holding.offered_to is None:
        return Refusal.POST_NOT_OFFERED
    if holding.offered_to != on.who:
        return Refusal.PERSON_NOT_ASSIGNED
    return [
        PostAccepted(post=ask.post, person=on.who),
        *on.withdrawn(f"post/{ask.post}"),
    ]


def decline_role(on: Context, ask: DeclineRole) -> Decision:
    holding = on.incident.posts.get(ask.post)
    if holding is None:
        return Refusal.POST_UNKNOWN if ask.post not in on.plan.posts else Refusal.POST_NOT_OFFERED
    if on.who in holding.passed_over:
        return []
    if holding.offered_to != on.who:
        return Refusal.PERSON_NOT_ASSIGNED if holding.offered_to else Refusal.POST_NOT_OFFERED
    declined = PostDeclined(post=ask.post, person=on.who)
    return [
        declined,
        *on.withdrawn(f"post/{ask.post}"),
        *_next(on, ask.post, holding, on.who),
    ]


def transfer_command(on: Context, ask: TransferCommand) -> Decision:
    post = on.plan.command.post
    holding = on.incident.posts.get(post) or Holding()
    if ask.to_person not in on.plan.people:
        return Refusal.PERSON_UNKNOWN
    if holding.held_by is None:
        return Refusal.POST_VACANT
    if holding.held_by == ask.to_person:
        return []
    if holding.held_by != on.who:
        return Refusal.NOT_IN_COMMAND
    return [
        CommandTransferred(
            from_person=holding.held_by, to_person=ask.to_person, briefing=ask.briefing
        ),
        PostAccepted(post=post, person=ask.to_person),
        *on.withdrawn(f"post/{post}"),
    ]


def offer(on: Context, post: str, person: str) -> list[Event]:
    """Return the offer of a post, and the order to tell the person."""
    until = on.after(on.plan.command.accept_within)
    return [
        PostOffered(post=post, person=person, accept_by=until),
        on.tell(person, Message.POST_OFFERED, f"post/{post}"),
    ]


def offer_expired(on: Context, post: str) -> list[Event]:
    """Return what follows when nobody answered an offer: the next in line is asked."""
    holding = on.incident.posts[post]
    assert holding.offered_to, "an armed offer was made to somebody"  # noqa: S101 - an invariant
    expired = PostOfferExpired(post=post, person=holding.offered_to)
    withdrawn = on.withdrawn(f"post/{post}")
    return [expired, *withdrawn, *_next(on, post, holding, holding.offered_to)]


def _next(on: Context, post: str, holding: Holding, passed: str) -> list[Event]:
    asked_in_vain = {*holding.passed_over, passed}
    line = on.line(post)
    following = next((person for person in line if person not in asked_in_vain), None)
    if following and following != holding.held_by:
        return offer(on, post, following)
    if holding.held_by:
        return []
    told = dict.fromkeys((*line, on.commander))
    vacant = [on.tell(person, Message.POST_VACANT, f"post/{post}") for person in told]
    return [PostLeftVacant(post=post), *vacant]


DECISIONS: Decisions = {
    AssignRole: Rule(assign_role),
    AcceptRole: Rule(accept_role),
    DeclineRole: Rule(decline_role),
    TransferCommand: Rule(transfer_command),
}
