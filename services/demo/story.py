"""The story: a busy Saturday at the north entrance, from the first warning to the closed case.

Written once; the demo plays it to an audience and the acceptance test plays it to assertions.
"""

from __future__ import annotations

import asyncio

from google.protobuf.timestamp_pb2 import Timestamp
from muster.v1 import incident_commands_pb2 as ask
from muster.v1.common_pb2 import (
    HAZARD_KIND_CROWDING,
    MODE_EXERCISE,
    RESPONSE_LEVEL_III,
    WARNING_COLOUR_ORANGE,
    Text,
)

from domain.values import Phase, Role
from services.demo import side_by_side
from services.demo.duties import stand_ready
from services.demo.play import Play

PLAN = "general-venue"
VENUE = "riverside-mall"
NORTH = "entrance-north"

CAST: dict[str, Role] = {
    "duty-manager": Role.OPERATOR,
    "general-manager": Role.COMMANDER,
    "deputy-manager-1": Role.COMMANDER,
    "operations-manager": Role.RESPONDER,
    "coordination-lead": Role.RESPONDER,
    "guidance-lead": Role.RESPONDER,
    "patrol-lead": Role.RESPONDER,
    "order-lead": Role.RESPONDER,
    "order-deputy": Role.RESPONDER,
    "logistics-lead": Role.LOGISTICS,
    "medical-lead": Role.RESPONDER,
    "traffic-lead": Role.RESPONDER,
    "information-lead": Role.INFORMATION_OFFICER,
    "auditor": Role.AUDITOR,
}
"""Everybody who acts, and what their token lets them do. The general manager never answers."""


async def tell(play: Play) -> None:
    """Play the whole story."""
    await warning(play)
    await response(play)
    await public_information(play)
    await evacuation(play)
    await termination(play)
    await aftermath(play)


async def warning(play: Play) -> None:
    """Warn in orange as the north entrance fills, and get every group ready."""
    play.audience.begins("预警：北入口客流逼近容量", "Warning: the north entrance fills up")
    now = Timestamp()
    now.GetCurrentTime()
    await play.does(
        "duty-manager",
        ask.RaiseWarningRequest(
            venue=VENUE,
            plan=PLAN,
            hazard=HAZARD_KIND_CROWDING,
            mode=MODE_EXERCISE,
            pace=play.pace,
            colour=WARNING_COLOUR_ORANGE,
            starts_at=now,
            scope=[NORTH, "atrium"],
            matters="北入口人数达到容量的 90%，请分散进出 · 90 % of capacity, please spread out",
            measures=[ask.NewMeasure(measure="meter-north", title="北入口限流 · Meter the inflow")],
            issuer="值班室 · duty office",
        ),
        "IncidentOpened",
        "WarningRaised",
        "MeasureImposed",
        "TaskAssigned",
        "ReportExpected",
        "NotificationOrdered",
    )
    play.audience.hears(
        "预案规定的任务已分派，邮件与接口推送正在发出",
        "The plan's duties are assigned; mails and webhooks are leaving",
    )
    await stand_ready(play)
    await play.does(
        "information-lead",
        ask.SubmitSituationReportRequest(
            report="situation-report",
            filing="sitrep-1",
            summary="北入口约 540 人，仍在增加 · About 540 people at the north entrance, rising",
            headcount=540,
            casualties=0,
        ),
        "SituationReported",
    )


async def response(play: Play) -> None:
    """Respond at level III: a silent commander is succeeded, a task escalated, units arrive."""
    play.audience.begins("响应：三级响应启动", "Response: level III")
    activation = ask.ActivateResponseRequest(
        level=RESPONSE_LEVEL_III,
        matters="北入口密度达到每平方米 3 人，暂时只出不进 · 3 persons per square metre, exit only",
        measures=[ask.NewMeasure(measure="exit-only-north", title="北入口只出不进 · Exit only")],
    )
    activation.expected_duration.FromSeconds(2 * 3_600)
    await play.does(
        "duty-manager",
        activation,
        "ResponseActivated",
        "PostOffered",
        "TaskAssigned",
        "ResourceRequested",
        speaks_for="operations-manager",
        because="现场指挥电话决定 · decided by the on-scene commander, by telephone",
    )
    async with asyncio.TaskGroup() as at_once:
        at_once.create_task(side_by_side.succession(play))
        at_once.create_task(side_by_side.escalation(play))
        at_once.create_task(side_by_side.units(play))
        at_once.create_task(side_by_side.groups(play))


async def public_information(play: Play) -> None:
    """Let one draft a notice and another approve it; it goes out on three channels."""
    play.audience.begins(
        "信息发布：起草、审批、发布", "The public is told: drafted, approved, published"
    )
    notice = "exit-only"
    await play.does(
        "information-lead",
        ask.DraftNoticeRequest(
            notice=notice,
            text=Text(
                zh="各位顾客，北入口人流较多，暂时只出不进。请从南入口进出，不要奔跑、推挤。",
                en="The north entrance is exit only for now. Please use the south entrance.",
            ),
        ),
        "NoticeDrafted",
    )
    await play.may_not(
        "information-lead", ask.ApproveNoticeRequest(notice=notice), "SECOND_PERSON_REQUIRED"
    )
    await play.may_not(
        "information-lead", ask.PublishNoticeRequest(notice=notice), "NOTICE_NOT_APPROVED"
    )
    await play.does("deputy-manager-1", ask.ApproveNoticeRequest(notice=notice), "NoticeApproved")
    await play.does("information-lead", ask.PublishNoticeRequest(notice=notice), "NoticePublished")
    for channel in ("entrance-screens", "broadcast", "customer-app"):
        await play.is_told(channel, f"notice/{notice}")
    await play.does(
        "information-lead", ask.FinishTaskRequest(task="tell-the-public"), "TaskFinished"
    )


async def evacuation(play: Play) -> None:
    """Clear the entrance, and leave nobody behind who needs help."""
    play.audience.begins("疏导：清空北入口", "Guidance: the north entrance is cleared")
    await play.does(
        "deputy-manager-1", ask.OrderEvacuationRequest(zones=[NORTH]), "EvacuationOrdered"
    )
    await play.does(
        "guidance-lead",
        ask.RegisterAssistanceRequest(assistance="aid-1", zone=NORTH, need="轮椅 · wheelchair"),
        "AssistanceRegistered",
    )
    cleared = ask.DeclareZoneClearedRequest(zone=NORTH, searched_by="patrol-lead")
    await play.may_not("patrol-lead", cleared, "ASSISTANCE_STILL_OPEN")
    await play.does(
        "guidance-lead", ask.ConfirmAssistanceGivenRequest(assistance="aid-1"), "AssistanceGiven"
    )
    await play.does("patrol-lead", cleared, "ZoneCleared")
    for task in ("guide-customers", "help-special-customers"):
        await play.does("guidance-lead", ask.FinishTaskRequest(task=task), "TaskFinished")
    await play.does(
        "information-lead",
        ask.SubmitSituationReportRequest(
            report="situation-report",
            filing="sitrep-2",
            summary="北入口已清空，密度低于每平方米 1 人 · North entrance clear",
            headcount=90,
            casualties=0,
        ),
        "SituationReported",
    )


async def termination(play: Play) -> None:
    """End the response, once everything is lifted, filed and released."""
    play.audience.begins("终止：先过关口", "Termination: first through the gate")
    await play.may_not("deputy-manager-1", ask.TerminateResponseRequest(), "GATE_NOT_PASSED")
    for measure in ("meter-north", "exit-only-north"):
        await play.does(
            "deputy-manager-1", ask.LiftMeasureRequest(measure=measure), "MeasureLifted"
        )
    for unit in ("guards-north", "ambulance-1"):
        await play.does("logistics-lead", ask.ReleaseUnitRequest(unit=unit), "UnitReleased")
        await play.comes("UnitReturned", unit=unit)
    await play.does(
        "duty-manager",
        ask.SubmitSituationReportRequest(
            report="statutory-report",
            filing="statutory-1",
            summary="人员拥挤，无伤亡，三级响应即将终止 · Crowding, nobody hurt",
            headcount=90,
            casualties=0,
        ),
        "SituationReported",
    )
    await play.does(
        "deputy-manager-1",
        ask.TerminateResponseRequest(),
        "ResponseTerminated",
        "TaskLapsed",
        "TaskAssigned",
    )


async def aftermath(play: Play) -> None:
    """Settle and evaluate: damage, a finding that cites its events, an action; then close."""
    play.audience.begins("善后：评估与结案", "Aftermath: evaluated and closed")
    await play.does(
        "logistics-lead",
        ask.RecordDamageRequest(
            damage="barrier-1",
            asset="护栏 · crowd barrier",
            description="北入口一片护栏变形 · one barrier bent at the north entrance",
            estimate_fen=86_000,
        ),
        "DamageRecorded",
    )
    await play.comes("EvaluationCompleted")
    await play.does(
        "auditor",
        ask.AddFindingRequest(
            finding="late-stop",
            text="入口停止进入的任务无人及时确认，开始过晚 · The entrance was closed too late",
            cites=[
                event.version
                for kind in ("TaskEscalated", "TaskOverdue")
                for event in play.case.all_of(kind, task="stop-inflow")
            ],
        ),
        "FindingAdded",
    )
    await play.does(
        "auditor",
        ask.ProposeCorrectiveActionRequest(
            action="second-radio",
            finding="late-stop",
            text="入口岗位配备第二部对讲机，并纳入下次演练 · A second radio, in the next drill",
            owner="order",
        ),
        "CorrectiveActionProposed",
    )
    await play.stands(lambda now: not now.notifications, "everybody was told")
    await play.does("deputy-manager-1", ask.CloseIncidentRequest(), "IncidentClosed")
    await play.stands(lambda now: now.phase is Phase.CLOSED, "the case is closed")
