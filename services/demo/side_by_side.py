"""What happens at the same time once the response is active."""

from __future__ import annotations

import asyncio

from muster.v1 import incident_commands_pb2 as ask

from services.demo.duties import acknowledges, begins_and_ends, starts
from services.demo.play import Play


async def succession(play: Play) -> None:
    """Wait for the general manager in vain; let the first deputy take command."""
    await play.comes("PostOffered", post="commander", person="general-manager")
    play.audience.hears(
        "总经理三分钟内未应答，指挥权将转请副总经理",
        "The general manager has three minutes to answer",
    )
    await play.comes("PostOfferExpired", post="commander", person="general-manager")
    await play.comes("PostOffered", post="commander", person="deputy-manager-1")
    await play.is_told("deputy-manager-1", "post/commander")
    await play.may_not(
        "general-manager", ask.AcceptRoleRequest(post="commander"), "PERSON_NOT_ASSIGNED"
    )
    await play.does("deputy-manager-1", ask.AcceptRoleRequest(post="commander"), "PostAccepted")
    play.audience.hears("第一副总经理接任总指挥", "The first deputy is in command")


async def escalation(play: Play) -> None:
    """Let nobody answer for the entrance, then the deputy, who begins too late."""
    await play.comes("TaskEscalated", task="stop-inflow", to="order-deputy")
    play.audience.hears(
        "“停止进入”任务一分钟无人确认，升级至秩序组副组长",
        "Nobody acknowledged `stop-inflow` within a minute: escalated to the deputy",
    )
    await play.is_told("order-deputy", "task/stop-inflow")
    await acknowledges(play, "order-deputy", "stop-inflow")
    await play.comes("TaskOverdue", task="stop-inflow", missed="start")
    await begins_and_ends(play, "order-deputy", "stop-inflow")


async def units(play: Play) -> None:
    """Let the nearest guard team and the nearest ambulance arrive."""
    for unit in ("guards-north", "ambulance-1"):
        await play.comes("UnitDispatched", unit=unit)
        await play.does("logistics-lead", ask.ReportUnitArrivedRequest(unit=unit), "UnitArrived")


async def groups(play: Play) -> None:
    """Let everybody else acknowledge as soon as they are told, and begin."""
    async with asyncio.TaskGroup() as at_once:
        for who, task in {
            "duty-manager": ("keep-the-record",),
            "operations-manager": ("establish-command-post",),
            "coordination-lead": ("coordinate-groups",),
            "guidance-lead": ("guide-customers", "help-special-customers", "place-signs"),
            "patrol-lead": ("patrol-scene",),
            "order-lead": ("keep-order", "set-cordon"),
            "traffic-lead": ("keep-lanes-open",),
            "medical-lead": ("open-aid-station",),
            "logistics-lead": ("supply-scene",),
            "information-lead": ("tell-the-public", "answer-customers"),
        }.items():
            at_once.create_task(starts(play, who, *task))
