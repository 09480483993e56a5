"""Evaluating a case: figures from its log, the same from the same events, safe to read."""

from __future__ import annotations

import json
import os
import signal
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from activities.evaluation.evaluate import Evaluator, case_of
from activities.evaluation.process import EvaluationProcess
from activities.evaluation.report import Report, report
from activities.work import work
from domain.incident.aftermath import AddFinding, RecordDamage
from domain.incident.closing import TerminateResponse
from domain.incident.obligations.obligations import WorkKind, WorkOrder
from domain.incident.resources import ReportUnitArrived
from domain.incident.tasks import AcknowledgeTask, FinishTask, StartTask
from domain.values import Mode
from eventstore.bundle import verify
from services.runtime.sentences import sentence_in_utc
from tests.activities.scene import CAI

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.activities.notification.receivers import Mailbox
    from tests.activities.scene import Scene

MINUTE = timedelta(minutes=1)
HOSTILE = "<script>alert(1)</script>\n\n# A heading | a cell"


@pytest.fixture(scope="module")
def here() -> Iterator[EvaluationProcess]:
    with EvaluationProcess() as evaluations:
        yield evaluations


def evaluator(scene: Scene, evaluations: EvaluationProcess) -> Evaluator:
    return Evaluator(scene.log, scene.incidents, scene.plans, evaluations, sentence_in_utc)


async def played(scene: Scene, mode: Mode = Mode.LIVE) -> WorkOrder:
    """Play a response: acknowledged after one minute, a unit after two more, done after three."""
    incident = await scene.opened(mode)
    await scene.unit("only")
    request = await scene.request(incident)
    await scene.dispatcher().dispatch(request)
    scene.ahead += MINUTE
    await scene.ask(incident, AcknowledgeTask(task="guide"), CAI)
    await scene.ask(incident, StartTask(task="guide"), CAI)
    scene.ahead += 2 * MINUTE
    await scene.ask(incident, ReportUnitArrived(unit="only"))
    scene.ahead += 3 * MINUTE
    await scene.ask(incident, FinishTask(task="guide"), CAI)
    await scene.ask(incident, RecordDamage(damage="door", asset=HOSTILE[:20], description=HOSTILE))
    await scene.ask(incident, TerminateResponse(overrule=True))
    return WorkOrder(incident=incident, subject="case")


async def report_of(scene: Scene, incident: str, up_to: int | None = None) -> Report:
    """Make the report about a case from its log, as the command line does."""
    pinned = (await scene.state(incident)).plan
    assert pinned is not None
    plan = await scene.plans.pinned(pinned)
    assert plan is not None
    return report(await case_of(scene.log, incident, up_to), plan, sentence_in_utc)


def killed_at_first(mark: Path, kind: str, data: str, language: str) -> str:
    """Say a sentence; whoever is the first to be asked for one is killed at that."""
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return sentence_in_utc(kind, data, language)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def hanging_at_first(mark: Path, kind: str, data: str, language: str) -> str:
    """Say a sentence; whoever is the first to be asked for one comes to no end."""
    try:
        with mark.open("x") as file:
            file.write(str(os.getpid()))
    except FileExistsError:
        return sentence_in_utc(kind, data, language)
    signal.pause()
    raise AssertionError


async def test_figures_are_what_happened(scene: Scene) -> None:
    order = await played(scene)
    made = await report_of(scene, order.incident)
    figures = {figure.name: figure.value for figure in made.figures}
    assert figures["to_first_acknowledgement"] == pytest.approx(60, abs=5)
    assert figures["to_first_arrival"] == pytest.approx(180, abs=5)
    assert figures["response_lasted"] == pytest.approx(360, abs=5)
    assert (figures["to_command"], figures["to_first_notice"]) == (None, None)
    assert (figures["tasks_finished"], figures["units_arrived"]) == (1, 1)
    assert (figures["tasks_late"], figures["gates_overruled"]) == (0, 1)


async def test_every_figure_cites_the_events_that_show_it(scene: Scene) -> None:
    order = await played(scene)
    made = await report_of(scene, order.incident)
    kinds = {event.version: event.type for event in await case_of(scene.log, order.incident)}
    cited = {figure.name: [kinds[version] for version in figure.cites] for figure in made.figures}
    assert cited["to_first_acknowledgement"] == ["TaskAssigned", "TaskAcknowledged"]
    assert cited["to_first_arrival"] == ["ResourceRequested", "UnitArrived"]
    assert cited["gates_overruled"] == ["GateOverruled"]
    assert cited["to_command"] == []


async def test_a_case_is_evaluated_once_and_its_report_can_be_made_again(
    scene: Scene, here: EvaluationProcess
) -> None:
    order = await played(scene)
    hand = evaluator(scene, here)
    assert await hand.evaluate(order) == await hand.evaluate(order)
    (completed,) = await scene.facts(f"incident/{order.incident}", "EvaluationCompleted")
    said = json.loads(completed)
    again = await report_of(scene, order.incident, said["up_to_version"])
    assert said["report_sha256"] == again.sha256
    assert proven(again.html, said) == proven(again.markdown, said) == verify.SOUND
    assert proven(again.html.replace("60", "30", 1), said) == verify.FALSE
    later = await report_of(scene, order.incident)
    assert proven(later.html, said) == verify.UNTOLD


def proven(report: str, said: dict[str, Any]) -> int:
    """Return what the verifier says of a report, by what the case says of it."""
    found = verify.Report()
    found.facts["evaluations"] = [[said["up_to_version"], said["report_sha256"]]]
    verify.check_report(found, report.encode())
    return found.verdict


async def test_evaluating_works_in_a_process_of_its_own(scene: Scene) -> None:
    order = await played(scene)
    with EvaluationProcess() as elsewhere:
        version = await evaluator(scene, elsewhere).evaluate(order)
    assert version == (await scene.incidents.known(order.incident)).version
    assert (await scene.state(order.incident)).evaluated


async def test_a_process_that_was_killed_is_replaced(scene: Scene) -> None:
    order = await played(scene)
    with EvaluationProcess() as elsewhere:
        os.kill(await elsewhere.run(os.getpid, "case", live=True), signal.SIGKILL)
        await evaluator(scene, elsewhere).evaluate(order)
    assert (await scene.state(order.incident)).evaluated


async def test_an_evaluation_whose_process_is_killed_is_made_by_the_next(
    scene: Scene, tmp_path: Path
) -> None:
    order = await played(scene)
    say = partial(killed_at_first, tmp_path / "killed")
    with EvaluationProcess() as elsewhere:
        await Evaluator(scene.log, scene.incidents, scene.plans, elsewhere, say).evaluate(order)
    assert (tmp_path / "killed").exists()
    (completed,) = await scene.facts(f"incident/{order.incident}", "EvaluationCompleted")
    assert (
        json.loads(completed)["report_sha256"]
        == (await report_of(scene, order.incident, json.loads(completed)["up_to_version"])).sha256
    )


async def test_an_evaluation_that_takes_too_long_is_given_up_and_its_process_replaced(
    scene: Scene, mailbox: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(work.ATTEMPT_S, WorkKind.EVALUATE, 5.0)
    order = await played(scene)
    say = partial(hanging_at_first, tmp_path / "hanging")
    with EvaluationProcess() as elsewhere:
        evaluating = Evaluator(scene.log, scene.incidents, scene.plans, elsewhere, say)
        does = {
            WorkKind.EVALUATE: evaluating.evaluate,
            WorkKind.NOTIFY: scene.notifier(mailbox).notify,
            WorkKind.RETURN: scene.dispatcher().give_back,
        }
        await scene.work_off(order.incident, does)
    assert (await scene.state(order.incident)).evaluated
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "hanging").read_text()), 0)


async def test_nothing_in_a_report_is_taken_for_markup(scene: Scene) -> None:
    order = await played(scene)
    await scene.ask(order.incident, AddFinding(finding="door", text=HOSTILE, cites=(1,)))
    made = await report_of(scene, order.incident)
    assert "<script>" not in made.html
    assert "&lt;script&gt;" in made.html
    assert "<script>" not in made.markdown
    assert "\n# A heading" not in made.markdown
    assert "heading | a cell" not in made.markdown


@pytest.mark.parametrize(("mode", "says_so"), [(Mode.LIVE, False), (Mode.EXERCISE, True)])
async def test_the_report_of_an_exercise_says_so(
    scene: Scene,
    mode: Mode,
    says_so: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    order = await played(scene, mode)
    made = await report_of(scene, order.incident)
    assert [("演练 EXERCISE" in text) for text in (made.markdown, made.html)] == [says_so] * 2
