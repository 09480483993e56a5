"""Notices to the public: drafted by one, approved by another, then published."""

from __future__ import annotations

from typing import Literal

from domain.decider import Decision, Refused
from domain.incident.events.duties import Message
from domain.incident.events.means import (
    FirstNoticeMissed,
    NoticeApproved,
    NoticeDrafted,
    NoticePublished,
    NoticeRejected,
)
from domain.incident.policy import notice_schedule
from domain.incident.policy.decisions import OPEN, Decisions, Rule
from domain.incident.state.context import Context
from domain.incident.state.incident import Notice, NoticeStatus
from domain.refusals import Refusal
from domain.values import Command, Event, Id, Phase, Text


class DraftNotice(Command):
    """Write a notice; on the plan's channels unless it names others."""

    kind: Literal["DraftNotice"] = "DraftNotice"
    notice: Id
    text: Text
    channels: tuple[Id, ...] = ()


class ApproveNotice(Command):
    """Approve a notice that somebody else drafted, in one of the posts that the plan names."""

    kind: Literal["ApproveNotice"] = "ApproveNotice"
    notice: Id


class RejectNotice(Command):
    """Refuse a notice that one may approve, and say why (the context's reason)."""

    kind: Literal["RejectNotice"] = "RejectNotice"
    notice: Id


class PublishNotice(Command):
    """Send an approved notice out."""

    kind: Literal["PublishNotice"] = "PublishNotice"
    notice: Id


def draft_notice(on: Context, ask: DraftNotice) -> Decision:
    channels = tuple(dict.fromkeys(ask.channels or on.plan.notices.channels))
    if unknown := [channel for channel in channels if channel not in on.plan.people]:
        return Refused(Refusal.CHANNEL_UNKNOWN, {"channels": ", ".join(unknown)})
    if notice := on.incident.notices.get(ask.notice):
        same = notice.authors[0] == on.who and notice.channels == channels
        return [] if same else Refusal.ID_ALREADY_USED
    return [
        NoticeDrafted(
            notice=ask.notice,
            text=ask.text,
            channels=channels,
            drafted_by=on.who,
            entered_by=on.asked.actor.id,
        )
    ]


def approve_notice(on: Context, ask: ApproveNotice) -> Decision:
    match _to_decide_on(on, ask.notice):
        case Refusal() as refusal:
            return refusal
        case Notice(status=NoticeStatus.DRAFTED):
            return [NoticeApproved(notice=ask.notice, approved_by=on.who)]
        case Notice(status=NoticeStatus.REJECTED):
            return Refusal.NOTICE_OVER
        case _:
            return []


def reject_notice(on: Context, ask: RejectNotice) -> Decision:
    match _to_decide_on(on, ask.notice):
        case Refusal() as refusal:
            return refusal
        case Notice(status=NoticeStatus.REJECTED):
            return []
        case Notice(status=NoticeStatus.PUBLISHED):
            return Refusal.NOTICE_OVER
        case _ if not on.asked.reason:
            return Refusal.REASON_REQUIRED
        case _:
            return [NoticeRejected(notice=ask.notice, rejected_by=on.who)]


def publish_notice(on: Context, ask: PublishNotice) -> Decision:
    notice = on.incident.notices.get(ask.notice)
    match notice:
        case None:
            return Refusal.NOTICE_UNKNOWN
        case Notice(status=NoticeStatus.PUBLISHED):
            return []
        case Notice(status=NoticeStatus.REJECTED):
            return Refusal.NOTICE_OVER
        case Notice(status=NoticeStatus.DRAFTED):
            return Refusal.NOTICE_NOT_APPROVED
        case _:
            about = f"notice/{ask.notice}"
            told = [on.tell(channel, Message.PUBLIC_NOTICE, about) for channel in notice.channels]
            again = notice_schedule.said(on, notice.channels)
            return [NoticePublished(notice=ask.notice), *told, *again]


def first_notice_missed(on: Context) -> list[Event]:
    """Return what follows when the public was not told in time."""
    told = dict.fromkeys((on.seated(on.plan.notices.post), on.commander))
    missed = FirstNoticeMissed()
    return [
        missed,
        *(on.tell(person, Message.NOTICE_OVERDUE, "notice/first") for person in told),
    ]


def _to_decide_on(on: Context, notice: str) -> Notice | Refusal:
    """Return a notice that somebody else drafted, if whoever asks may decide on it."""
    drafted = on.incident.notices.get(notice)
    if drafted is None:
        return Refusal.NOTICE_UNKNOWN
    if {on.who, on.asked.actor.id} & set(drafted.authors):
        return Refusal.SECOND_PERSON_REQUIRED
    posts = on.plan.notices.approved_by
    if posts and not any(on.who in on.people_of(post) for post in posts):
        return Refusal.PERSON_NOT_ASSIGNED
    return drafted


DECISIONS: Decisions = {
    DraftNotice: Rule(draft_notice, phases=OPEN - {Phase.NORMAL}),
    ApproveNotice: Rule(approve_notice),
    RejectNotice: Rule(reject_notice),
    PublishNotice: Rule(publish_notice),
}
