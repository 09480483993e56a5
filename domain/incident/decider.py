"""Every command of an incident, and who decides it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, assert_never, get_args

from pydantic import ConfigDict, Field, TypeAdapter

from domain import privacy
from domain.aggregate import Asked, Decider, Decision, Refused, refused
from domain.incident import (
    activation,
    aftermath,
    closing,
    command,
    corrections,
    deadlines,
    evacuation,
    information,
    measures,
    notification,
    people,
    reporting,
    resources,
    tasks,
    warning,
)
from domain.incident.events import FACTS
from domain.incident.events.duties import NotificationOrdered
from domain.incident.fold import evolve
from domain.incident.folding import IncidentFolding
from domain.incident.situation import Situation
from domain.incident.state import NOTHING_YET, Incident
from domain.on_behalf import may_not_speak
from domain.plan.model import PinnedPlan
from domain.refusals import Refusal
from domain.values import Command, Fact, Phase

IncidentCommand = (
    warning.RaiseWarning
    | warning.ReportAlarm
    | warning.AdjustWarning
    | warning.CancelWarning
    | warning.VerifyAlarm
    | activation.ActivateResponse
    | activation.ChangeResponseLevel
    | command.AssignRole
    | command.AcceptRole
    | command.DeclineRole
    | command.TransferCommand
    | tasks.AssignTask
    | tasks.AcknowledgeTask
    | tasks.StartTask
    | tasks.FinishTask
    | tasks.DeclareTaskImpossible
    | reporting.SubmitSituationReport
    | measures.ImposeMeasure
    | measures.LiftMeasure
    | measures.HandOverMeasure
    | evacuation.OrderEvacuation
    | evacuation.DeclareZoneCleared
    | evacuation.ReportUnaccounted
    | evacuation.RegisterAssistance
    | evacuation.ConfirmAssistanceGiven
    | resources.RequestResource
    | resources.CancelResourceRequest
    | resources.DispatchUnit
    | resources.ReportUnitArrived
    | resources.ReleaseUnit
    | resources.ConfirmUnitReturned
    | resources.DeclareResourceUnavailable
    | information.DraftNotice
    | information.ApproveNotice
    | information.RejectNotice
    | information.PublishNotice
    | closing.TerminateResponse
    | closing.CloseIncident
    | aftermath.RecordDamage
    | aftermath.AddFinding
    | aftermath.ProposeCorrectiveAction
    | aftermath.CompleteEvaluation
    | people.RecordPerson
    | corrections.CorrectReport
    | corrections.CorrectDamage
    | privacy.ErasePersonalData
    | privacy.PlaceLegalHold
    | privacy.LiftLegalHold
    | notification.ConfirmDelivery
    | notification.ReportDeliveryFailure
    | deadlines.LetDeadlinePass
)

COMMANDS: dict[str, type[Command]] = {
    shape.model_fields["kind"].default: shape for shape in get_args(IncidentCommand)
}
"""Every command of an incident, by its name."""

COMMAND = TypeAdapter[IncidentCommand](
    Annotated[IncidentCommand, Field(discriminator="kind")], config=ConfigDict(defer_build=True)
)
"""Reads a command from its JSON."""

_OPENING = (warning.RaiseWarning, warning.ReportAlarm)
_OPEN = frozenset({Phase.NORMAL, Phase.WARNING, Phase.RESPONSE, Phase.AFTERMATH})
_ACTING = _OPEN - {Phase.AFTERMATH}
_RESPONSE = frozenset({Phase.RESPONSE})
_AFTERMATH = frozenset({Phase.AFTERMATH})
_ALWAYS = frozenset(Phase)
_PHASES: dict[type[Command], frozenset[Phase]] = {
    warning.RaiseWarning: _ACTING,
    warning.ReportAlarm: _ACTING,
    warning.AdjustWarning: _ACTING,
    warning.CancelWarning: _ACTING,
    warning.VerifyAlarm: _ACTING,
    activation.ActivateResponse: _ACTING,
    activation.ChangeResponseLevel: _RESPONSE,
    measures.ImposeMeasure: _ACTING,
    evacuation.OrderEvacuation: _RESPONSE,
    evacuation.RegisterAssistance: _RESPONSE,
    resources.RequestResource: _RESPONSE,
    information.DraftNotice: frozenset({Phase.WARNING, Phase.RESPONSE, Phase.AFTERMATH}),
    closing.TerminateResponse: _RESPONSE,
    closing.CloseIncident: _AFTERMATH,
    aftermath.RecordDamage: _RESPONSE | _AFTERMATH,
    aftermath.AddFinding: _AFTERMATH,
    aftermath.ProposeCorrectiveAction: _AFTERMATH,
    aftermath.CompleteEvaluation: _AFTERMATH,
    resources.ConfirmUnitReturned: _ALWAYS,
    notification.ConfirmDelivery: _ALWAYS,
    notification.ReportDeliveryFailure: _ALWAYS,
    corrections.CorrectReport: _ALWAYS,
    corrections.CorrectDamage: _ALWAYS,
    privacy.ErasePersonalData: _ALWAYS,
    privacy.PlaceLegalHold: _ALWAYS,
    privacy.LiftLegalHold: _ALWAYS,
    notification.ConfirmDelivery: _ALWAYS,
    notification.ReportDeliveryFailure: _ALWAYS,
    resources.ConfirmUnitReturned: _ALWAYS,
}
"""Where a command is not possible in every phase of an open incident."""


def decide(
    incident: Incident, asked: Asked, now: datetime, surroundings: object
) -> Sequence[Fact] | Refused:
    """Return the facts that a command leads to, none if it is already so, or why it is refused."""
    if refusal := _out_of_place(incident, asked):
        return refusal
    if not isinstance(surroundings, PinnedPlan):
        return Refused(Refusal.PLAN_UNKNOWN)
    plan = surroundings.plan.at(_venue(incident, asked))
    on = Situation(incident, plan, surroundings.ref, asked, now)
    decision = _decide(on, asked.command)  # type: ignore[arg-type] # checked just before
    return refused(decision) or _numbered(incident, decision)  # type: ignore[arg-type] # no refusal


def _out_of_place(incident: Incident, asked: Asked) -> Refused | None:
    shape = type(asked.command)
    venue = _venue(incident, asked)
    if incident.phase is None and shape not in _OPENING:
        return Refused(Refusal.INCIDENT_UNKNOWN)
    if not asked.actor.may_act_at(venue):
        return Refused(Refusal.VENUE_NOT_PERMITTED, {"venue": venue})
    if refusal := may_not_speak(asked):
        return refusal
    if incident.phase is None:
        return None
    allowed = _PHASES.get(shape, _OPEN)
    if incident.phase in allowed:
        return None
    order = list(Phase)
    early = order.index(incident.phase) < min(order.index(phase) for phase in allowed)
    reason = Refusal.PHASE_NOT_REACHED if early else Refusal.PHASE_OVER
    needed = ", ".join(phase for phase in Phase if phase in allowed)
    return Refused(reason, {"phase": incident.phase, "needed": needed})


def _venue(incident: Incident, asked: Asked) -> str:
    """Return where the incident is, or where an opening command says that it is."""
    return getattr(asked.command, "venue", "") if incident.phase is None else incident.venue


def _numbered(incident: Incident, facts: Sequence[Fact]) -> list[Fact]:
    """Give each new notification its number, in order, and leave each person one per duty."""
    number = incident.notified
    numbered: list[Fact] = []
    for fact in facts:
        if isinstance(fact, NotificationOrdered):
            number += 1
            numbered.append(fact.model_copy(update={"notification": f"n{number}"}))
        else:
            numbered.append(fact)
    return numbered


def _decide(on: Situation, ask: IncidentCommand) -> Decision:  # noqa: C901, PLR0911, PLR0912, PLR0915 - one case a command
    match ask:
        case warning.RaiseWarning():
            return warning.raise_warning(on, ask)
        case warning.ReportAlarm():
            return warning.report_alarm(on, ask)
        case warning.AdjustWarning():
            return warning.adjust_warning(on, ask)
        case warning.CancelWarning():
            return warning.cancel_warning(on, ask)
        case warning.VerifyAlarm():
            return warning.verify_alarm(on, ask)
        case activation.ActivateResponse():
            return activation.activate_response(on, ask)
        case activation.ChangeResponseLevel():
            return activation.change_response_level(on, ask)
        case command.AssignRole():
            return command.assign_role(on, ask)
        case command.AcceptRole():
            return command.accept_role(on, ask)
        case command.DeclineRole():
            return command.decline_role(on, ask)
        case command.TransferCommand():
            return command.transfer_command(on, ask)
        case tasks.AssignTask():
            return tasks.assign_task(on, ask)
        case tasks.AcknowledgeTask():
            return tasks.acknowledge_task(on, ask)
        case tasks.StartTask():
            return tasks.start_task(on, ask)
        case tasks.FinishTask():
            return tasks.finish_task(on, ask)
        case tasks.DeclareTaskImpossible():
            return tasks.declare_task_impossible(on, ask)
        case reporting.SubmitSituationReport():
            return reporting.submit_situation_report(on, ask)
        case measures.ImposeMeasure():
            return measures.impose_measure(on, ask)
        case measures.LiftMeasure():
            return measures.lift_measure(on, ask)
        case measures.HandOverMeasure():
            return measures.hand_over_measure(on, ask)
        case evacuation.OrderEvacuation():
            return evacuation.order_evacuation(on, ask)
        case evacuation.DeclareZoneCleared():
            return evacuation.declare_zone_cleared(on, ask)
        case evacuation.ReportUnaccounted():
            return evacuation.report_unaccounted(on, ask)
        case evacuation.RegisterAssistance():
            return evacuation.register_assistance(on, ask)
        case evacuation.ConfirmAssistanceGiven():
            return evacuation.confirm_assistance_given(on, ask)
        case resources.RequestResource():
            return resources.request_resource(on, ask)
        case resources.CancelResourceRequest():
            return resources.cancel_resource_request(on, ask)
        case resources.DispatchUnit():
            return resources.dispatch_unit(on, ask)
        case resources.ReportUnitArrived():
            return resources.report_unit_arrived(on, ask)
        case resources.ReleaseUnit():
            return resources.release_unit(on, ask)
        case resources.ConfirmUnitReturned():
            return resources.confirm_unit_returned(on, ask)
        case resources.DeclareResourceUnavailable():
            return resources.declare_resource_unavailable(on, ask)
        case information.DraftNotice():
            return information.draft_notice(on, ask)
        case information.ApproveNotice():
            return information.approve_notice(on, ask)
        case information.RejectNotice():
            return information.reject_notice(on, ask)
        case information.PublishNotice():
            return information.publish_notice(on, ask)
        case closing.TerminateResponse():
            return closing.terminate_response(on, ask)
        case closing.CloseIncident():
            return closing.close_incident(on, ask)
        case aftermath.RecordDamage():
            return aftermath.record_damage(on, ask)
        case aftermath.AddFinding():
            return aftermath.add_finding(on, ask)
        case aftermath.ProposeCorrectiveAction():
            return aftermath.propose_corrective_action(on, ask)
        case aftermath.CompleteEvaluation():
            return aftermath.complete_evaluation(on, ask)
        case corrections.CorrectReport() | corrections.CorrectDamage():
            return corrections.correct(on, ask)
        case people.RecordPerson():
            return people.record_person(on, ask)
        case privacy.ErasePersonalData() | privacy.PlaceLegalHold() | privacy.LiftLegalHold():
            return people.protect(on, ask)
        case notification.ConfirmDelivery():
            return notification.confirm_delivery(on, ask)
        case notification.ReportDeliveryFailure():
            return notification.report_delivery_failure(on, ask)
        case deadlines.LetDeadlinePass():
            return deadlines.let_deadline_pass(on, ask)
        case _:
            assert_never(ask)


INCIDENTS = Decider[Incident](
    category="incident",
    initial=NOTHING_YET,
    facts=FACTS,
    evolve=evolve,
    decide=decide,
    folding=IncidentFolding,
)
"""The incident, as the recorder knows it."""
