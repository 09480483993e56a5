"""Who sits where at what hour: shifts, by the clock on the venue's wall."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.plan.model.hours import minutes, stretches
from domain.plan.model.plan import Plan, Post

TIME_ZONE = "Asia/Shanghai"
"""Of a venue that names none."""


def seated(plan: Plan, venue: str, post: str, now: datetime) -> str:
    """Return who sits in a post now: whoever's shift it is, else its holder."""
    seat = plan.posts[post]
    return (_on_shift(seat, _minute(plan, venue, now)) if seat.shifts else None) or seat.holder


def line(plan: Plan, venue: str, post: str, now: datetime) -> tuple[str, ...]:
    """Return who is asked to take a post, in order."""
    return tuple(dict.fromkeys((seated(plan, venue, post, now), *plan.posts[post].deputies)))


def chain(plan: Plan, venue: str, post: str, now: datetime) -> tuple[str, ...]:
    """Return who is told of a post's duty, in order, ending with whoever commands.

    Off their shift nobody is told before those who stand in: at night that would only lose time.
    """
    first, *deputies = line(plan, venue, post, now)
    command = line(plan, venue, plan.command.post, now)
    return tuple(dict.fromkeys((first, *plan.posts[post].members, *deputies, *command)))


def people_of(plan: Plan, post: str) -> set[str]:
    """Return who holds a post at any hour, and who stands in there."""
    seat = plan.posts.get(post)
    return {seat.holder, *(one.holder for one in seat.shifts), *seat.deputies} if seat else set()


def may_act(plan: Plan, post: str) -> set[str]:
    """Return whoever may say of a post's duty that it was noticed or done, at any hour."""
    return {*plan.posts[post].members, *people_of(plan, post), *people_of(plan, plan.command.post)}


def _on_shift(seat: Post, minute: int | None) -> str | None:
    if minute is None:
        return None
    for shift in seat.shifts:
        if any(one.begins <= minute < one.ends for one in stretches(shift.begins, shift.ends)):
            return shift.holder
    return None


def _minute(plan: Plan, venue: str, now: datetime) -> int | None:
    """Return the minute of the venue's day; None where its time zone is not one."""
    named = next((one.time_zone for one in plan.venues if one.id == venue), None)
    try:
        zone = ZoneInfo(named or TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # not a name, a path, a folder
        return None
    return minutes(now.astimezone(zone).strftime("%H:%M"))
