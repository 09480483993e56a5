"""The gates that a plan sets; the product's own are in `test_closing`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from domain.incident.aftermath import (
    AddFinding,
    CompleteEvaluation,
    ProposeCorrectiveAction,
    RecordDamage,
)
from domain.incident.closing import CloseIncident, TerminateResponse
from domain.incident.command import AcceptRole
from domain.incident.evacuation import OrderEvacuation, RegisterAssistance, ReportUnaccounted
from domain.incident.events.aftermath import IncidentClosed
from domain.incident.events.response import GateOverruled, ResponseTerminated
from domain.incident.policy.gates import unmet
from domain.incident.resources import DispatchUnit, ReleaseUnit, RequestResource
from domain.incident.tasks import DeclareTaskImpossible, FinishTask, StartTask
from domain.plan.model.duties import OWN_GATES, GateCondition, GatePhase
from domain.refusals import Refusal
from tests.domain.incident.fuller import responding, saying
from tests.domain.incident.world import BOSS, HANDS, LEAD, MINUTE

if TYPE_CHECKING:
    from domain.incident.state.incident import Incident
    from tests.domain.spec import Given

TERMINATE, CLOSE = TerminateResponse(), CloseIncident()
EVALUATION = CompleteEvaluation(up_to_version=9, report_sha256="a" * 64)
DAMAGE = RecordDamage(damage="d1", asset="barrier", description="Bent.")
FINDING = AddFinding(finding="f1", text="Late.")
ACTION = ProposeCorrectiveAction(action="a1", finding="f1", text="A radio.", owner="guides")
IN_TROUBLE = (
    OrderEvacuation(zones=("north",)),
    ReportUnaccounted(zone="north", persons=1),
    RegisterAssistance(assistance="chair", zone="north", need="wheelchair"),
    RequestResource(request="r1", resource_kind="guards", zone="north", arrive_within=10 * MINUTE),
    DispatchUnit(request="r1", unit="g1"),
)
STANDS_IN_THE_WAY = {
    "measures_lifted": "measure in force without an owner: one-way",
    "zones_cleared": "zone not cleared: north",
    "nobody_unaccounted": "people unaccounted for: north",
    "assistance_finished": "assistance open: chair",
    "reports_filed": "report not filed: statutory",
    "units_released": "unit not released: g1",
    "units_returned": "unit not returned: g1",
    "tasks_over": "task not over: guide",
    "damage_assessed": "damage not assessed: the case",
    "action_proposed": "no corrective action proposed: the case",
    "case_evaluated": "not evaluated yet: the case",
}


def gated(phase: str, *requires: str) -> Given[Incident]:
    """Return a response under a plan with a gate."""
    plan = saying(gates=[{"phase": phase, "requires": requires}])
    return responding(plan).having(AcceptRole(post="command"), BOSS)


def in_trouble(*requires: str) -> Given[Incident]:
    """Return a response in which nothing is settled, under such a gate."""
    stands = gated("response", *requires)
    for command in IN_TROUBLE:
        stands = stands.having(command)
    return stands


@pytest.mark.parametrize("condition", STANDS_IN_THE_WAY)
def test_a_gate_asks_for_what_the_plan_says_and_for_nothing_else(condition: str) -> None:
    in_trouble(condition).when(TERMINATE, BOSS).then_refused(
        Refusal.GATE_NOT_PASSED, gate="termination", unmet=STANDS_IN_THE_WAY[condition]
    )


def test_every_condition_can_be_asked_for() -> None:
    assert {*STANDS_IN_THE_WAY} == {*GateCondition}


def test_several_gates_of_a_phase_ask_together_and_each_thing_once() -> None:
    twice = [
        {"phase": "response", "requires": ["tasks_over"]},
        {"phase": "response", "requires": ["reports_filed", "tasks_over"]},
    ]
    responding(saying(gates=twice)).when(TERMINATE, BOSS).then_refused(
        Refusal.GATE_NOT_PASSED, unmet="task not over: guide; report not filed: statutory"
    )


def test_the_gate_of_the_tasks_opens_when_each_is_finished_or_can_not_be_done() -> None:
    stands = gated("response", "tasks_over")
    stands.when(TERMINATE, BOSS).then_refused(Refusal.GATE_NOT_PASSED)
    done = stands.having(StartTask(task="guide"), LEAD).having(FinishTask(task="guide"), LEAD)
    done.when(TERMINATE, BOSS).then_among_others(ResponseTerminated())
    given_up = stands.having(DeclareTaskImpossible(task="guide"), LEAD, because="blocked")
    given_up.when(TERMINATE, BOSS).then_among_others(ResponseTerminated())


def test_the_plan_s_gate_can_be_overruled_as_the_product_s_can() -> None:
    overrule = TerminateResponse(overrule=True)
    stands = gated("response", "tasks_over")
    stands.when(overrule, BOSS).then_refused(Refusal.REASON_REQUIRED)
    stands.when(overrule, BOSS, because="fire brigade took over").then_among_others(
        GateOverruled(gate="termination", unmet=("task not over: guide",)), ResponseTerminated()
    )


def test_the_aftermath_ends_by_the_plan_s_gate() -> None:
    stands = gated("aftermath", "damage_assessed", "action_proposed", "units_returned")
    over = stands.having(TerminateResponse(overrule=True), BOSS, because="over")
    over.when(CLOSE, BOSS).then_refused(
        Refusal.GATE_NOT_PASSED,
        gate="closing",
        unmet="damage not assessed: the case; no corrective action proposed: the case",
    )
    settled = over.having(DAMAGE).having(FINDING).having(ACTION)
    settled.when(CLOSE, BOSS).then_among_others(IncidentClosed())


def test_a_phase_that_has_no_gate_in_the_plan_keeps_the_product_s_own() -> None:
    over = gated("response", "reports_filed").having(
        TerminateResponse(overrule=True), BOSS, because="over"
    )
    over.when(CLOSE, BOSS).then_refused(
        Refusal.GATE_NOT_PASSED, unmet="not evaluated yet: the case"
    )
    over.having(EVALUATION, HANDS).when(CLOSE, BOSS).then_among_others(IncidentClosed())


def test_a_unit_on_its_way_back_is_released_but_not_returned() -> None:
    released = in_trouble("units_released").having(ReleaseUnit(unit="g1"))
    released.when(TERMINATE, BOSS).then_among_others(ResponseTerminated())
    returning = in_trouble("units_returned").having(ReleaseUnit(unit="g1"))
    returning.when(TERMINATE, BOSS).then_refused(Refusal.GATE_NOT_PASSED)


def test_a_plan_that_spells_the_product_s_gates_out_changes_nothing() -> None:
    said = [{"phase": phase, "requires": [*conditions]} for phase, conditions in OWN_GATES.items()]
    state = in_trouble("tasks_over").state
    for phase in GatePhase:
        assert unmet(phase, state, saying(gates=said)) == unmet(phase, state, saying())
