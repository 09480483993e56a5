"""What people do about their duties: they are told, acknowledge, begin and finish."""

from __future__ import annotations

import asyncio

from muster.v1 import incident_commands_pb2 as ask

from services.demo.play import Play

READINESS: dict[str, tuple[str, ...]] = {
    "duty-manager": ("pass-warning-on",),
    "information-lead": ("watch-situation", "remind-customers"),
    "guidance-lead": ("ready-guidance",),
    "patrol-lead": ("ready-patrol",),
    "order-lead": ("hold-inflow", "ready-order"),
    "logistics-lead": ("ready-logistics",),
    "medical-lead": ("ready-medical",),
    "traffic-lead": ("ready-traffic",),
}
"""Who owes what when a warning of crowding is raised."""


async def stand_ready(play: Play) -> None:
    """Let every group acknowledge the duties of the warning and begin them, side by side."""
    async with asyncio.TaskGroup() as at_once:
        for who, tasks in READINESS.items():
            at_once.create_task(starts(play, who, *tasks))
    for who, task in (("duty-manager", "pass-warning-on"), ("guidance-lead", "ready-guidance")):
        await play.does(who, ask.FinishTaskRequest(task=task), "TaskFinished")


async def starts(play: Play, who: str, *tasks: str) -> None:
    """Let somebody acknowledge duties as soon as they are told of them, and begin."""
    for task in tasks:
        await play.is_told(who, f"task/{task}")
        await acknowledges(play, who, task)
        await play.does(who, ask.StartTaskRequest(task=task), "TaskStarted")


async def acknowledges(play: Play, who: str, task: str) -> None:
    """Let somebody take notice of a duty."""
    await play.does(who, ask.AcknowledgeTaskRequest(task=task), "TaskAcknowledged")


async def begins_and_ends(play: Play, who: str, task: str) -> None:
    """Let somebody do a duty."""
    await play.does(who, ask.StartTaskRequest(task=task), "TaskStarted")
    await play.does(who, ask.FinishTaskRequest(task=task), "TaskFinished")
