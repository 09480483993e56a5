"""The means of the response: units that are sent, and what the public is told."""

from __future__ import annotations

from typing import Literal

from domain.values import Event, Id, Instant, Line, Text


class ResourceRequested(Event):
    """Units of a kind are needed."""

    kind: Literal["ResourceRequested"] = "ResourceRequested"
    request: Id
    resource_kind: Id
    quantity: int
    zone: Id
    arrive_by: Instant


class UnitDispatched(Event):
    """A unit left for the scene."""

    kind: Literal["UnitDispatched"] = "UnitDispatched"
    request: Id
    unit: Id


class UnitArrived(Event):
    """A unit is at the scene."""

    kind: Literal["UnitArrived"] = "UnitArrived"
    unit: Id


class UnitOverdue(Event):
    """A request was not fully at the scene by its deadline."""

    kind: Literal["UnitOverdue"] = "UnitOverdue"
    request: Id


class UnitReleased(Event):
    """A unit is not needed any more and must be given back."""

    kind: Literal["UnitReleased"] = "UnitReleased"
    unit: Id


class UnitReturned(Event):
    """A unit is free for other incidents again."""

    kind: Literal["UnitReturned"] = "UnitReturned"
    unit: Id


class ResourceUnavailable(Event):
    """No suitable unit is to be had for what is still missing of a request."""

    kind: Literal["ResourceUnavailable"] = "ResourceUnavailable"
    request: Id
    missing: int


class ResourceRequestCancelled(Event):
    """What is still missing of a request is not needed any more."""

    kind: Literal["ResourceRequestCancelled"] = "ResourceRequestCancelled"
    request: Id


class NoticeDrafted(Event):
    """A notice to the public was written."""

    kind: Literal["NoticeDrafted"] = "NoticeDrafted"
    notice: Id
    text: Text
    channels: tuple[Id, ...]
    drafted_by: Line
    entered_by: Line
    """Who typed it, where that is somebody else."""


class NoticeApproved(Event):
    """A second person approved a notice."""

    kind: Literal["NoticeApproved"] = "NoticeApproved"
    notice: Id
    approved_by: Line


class NoticeRejected(Event):
    """A second person refused a notice. The reason is in the meta."""

    kind: Literal["NoticeRejected"] = "NoticeRejected"
    notice: Id
    rejected_by: Line


class NoticePublished(Event):
    """A notice goes out on its channels."""

    kind: Literal["NoticePublished"] = "NoticePublished"
    notice: Id


class FirstNoticeMissed(Event):
    """The public was not told in time."""

    kind: Literal["FirstNoticeMissed"] = "FirstNoticeMissed"


class NoticeExpected(Event):
    """The public is to be told, or told again, as one of the plan's rules says."""

    kind: Literal["NoticeExpected"] = "NoticeExpected"
    rule: Id
    due_at: Instant


class NoticeMissed(Event):
    """What one of the plan's rules wants said was not said in time."""

    kind: Literal["NoticeMissed"] = "NoticeMissed"
    rule: Id
    due_at: Instant


class NoticeNoLongerExpected(Event):
    """It was said and need not be said again, or its phase ended."""

    kind: Literal["NoticeNoLongerExpected"] = "NoticeNoLongerExpected"
    rule: Id
