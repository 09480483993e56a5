"""The clock's activity: what is due passes, what can't blocks nothing, nothing passes early."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from temporalio.runtime import MetricBuffer, Runtime, TelemetryConfig
from temporalio.testing import ActivityEnvironment

from activities.record import (
    AGAIN_AFTER,
    AWAITED,
    STILL_ARMED,
    RecordActivities,
    command_id_of,
)
from activities.system_commands import METER, REFUSED
from domain.decider import CommandEnvelope, encode
from domain.incident.events.duties import ReportExpected
from domain.incident.measures import ImposeMeasure
from domain.incident.obligations import obligations
from domain.incident.obligations.obligations import NextDeadline
from domain.incident.state.incident import DeadlineKey, DeadlineKind
from domain.incident.tasks import AssignTask
from domain.incident.warning import ReportAlarm
from domain.values import HazardKind, Phase, Text
from eventstore.log.events import Appended, NewEvent
from eventstore.recorder.recorder import Receipt
from tests.activities.scene import OFFICER, PLAN

if TYPE_CHECKING:
    from tests.activities.scene import Scene

ALARM = ReportAlarm(
    venue="shop", plan=PLAN.id, hazard=HazardKind.FIRE, zone="hall", source="button"
)
VERIFY_WITHIN = PLAN.alarm.verify_within
MANY = 44
A_DAY = timedelta(days=1)


def a_task(name: str) -> AssignTask:
    return AssignTask(
        task=name, title=Text(en="Do it"), post="guide", acknowledge_within=timedelta(minutes=1)
    )


async def next_of(scene: Scene, incident: str) -> NextDeadline:
    known = await scene.incidents.known(incident)
    found = obligations.workflow_view(incident, known.state, known.version).next_deadline
    assert found is not None
    return found


async def alarmed(scene: Scene) -> str:
    incident = str(uuid4())
    await scene.ask(incident, ALARM)
    return incident


def clock_of(scene: Scene) -> RecordActivities:
    return RecordActivities(scene.incidents, scene.now)


async def expect_report(scene: Scene, incident: str, report: str, due_at: datetime) -> None:
    """Let a report be due, also one of which the plan knows nothing: it can't be missed."""
    version = (await scene.incidents.known(incident)).version
    fact = ReportExpected(report=report, due_at=due_at)
    new = NewEvent(uuid4(), fact.kind, fact.schema_version, due_at, encode(fact), "{}")
    assert isinstance(await scene.log.append(f"incident/{incident}", version, [new]), Appended)


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_a_verification_passes_though_a_caller_took_the_clock_s_id(
    scene: Scene, *, elsewhere: bool
) -> None:
    incident = await alarmed(scene)
    other = await alarmed(scene)
    deadline = await next_of(scene, incident)
    harmless = ImposeMeasure(measure="tape", title="Tape")
    taken = CommandEnvelope(harmless, command_id_of(incident, deadline.command), OFFICER)
    assert isinstance(
        await scene.incidents.record(other if elsewhere else incident, taken), Receipt
    )
    scene.ahead = VERIFY_WITHIN
    stands = await clock_of(scene).let_deadline_pass(incident, deadline)
    assert stands.phase is Phase.RESPONSE
    assert len(await scene.facts(f"incident/{incident}", "AlarmLeftUnverified")) == 1


async def test_a_caller_who_goes_on_under_the_clock_s_id_changes_none_of_its_receipts(
    scene: Scene,
) -> None:
    incident = await alarmed(scene)
    deadline = await next_of(scene, incident)
    scene.ahead = VERIFY_WITHIN
    stands = await clock_of(scene).let_deadline_pass(incident, deadline)
    named = command_id_of(incident, deadline.command)
    after = CommandEnvelope(ImposeMeasure(measure="tape", title="Tape"), named, OFFICER)
    answer = await scene.incidents.record(incident, after)
    assert isinstance(answer, Receipt)
    assert (answer.kinds, answer.version) == (("MeasureImposed",), stands.version + 1)
    again = await scene.incidents.record(incident, after)
    assert again == answer._replace(duplicate=True)


async def test_one_deadline_that_cannot_pass_blocks_no_other_and_is_tried_again(
    scene: Scene,
) -> None:
    incident = await scene.opened()
    now = scene.now()
    await expect_report(scene, incident, "unheard-of", now - timedelta(seconds=1))
    for number in range(MANY):
        await scene.ask(incident, a_task(f"t{number}"))
    scene.ahead = VERIFY_WITHIN
    before = (await scene.state(incident)).deadlines
    stuck = DeadlineKey(DeadlineKind.REPORT, "unheard-of")
    due = [key for key, at in before.items() if at <= scene.now() and key != stuck]
    stands = await clock_of(scene).let_deadline_pass(incident, await next_of(scene, incident))
    left = (await scene.state(incident)).deadlines
    assert len(due) >= MANY
    assert all(left.get(key) != before[key] for key in due)
    assert left.get(stuck) == before[stuck]
    assert stands.next_deadline is not None
    assert (stands.next_deadline.command.subject, stands.next_deadline.at > scene.now()) == (
        "unheard-of",
        True,
    )
    assert stands.next_deadline.at <= scene.now() + AGAIN_AFTER


async def test_a_deadline_that_cannot_pass_is_counted(scene: Scene) -> None:
    incident = await scene.opened()
    await expect_report(scene, incident, "unheard-of", scene.now() - timedelta(seconds=1))
    buffer = MetricBuffer(100)
    environment = ActivityEnvironment()
    environment.metric_meter = Runtime(telemetry=TelemetryConfig(metrics=buffer)).metric_meter
    deadline = await next_of(scene, incident)
    await environment.run(clock_of(scene).let_deadline_pass, incident, deadline)
    counted = [one for one in buffer.retrieve_updates() if one.metric.name == REFUSED]
    assert {one.attributes["reason"] for one in counted} == {"AssertionError", STILL_ARMED}
    assert {one.attributes["actor"] for one in counted} == {"clock"}


async def test_what_the_second_clock_could_not_let_pass_is_counted_too(scene: Scene) -> None:
    incident = await scene.opened()
    await expect_report(scene, incident, "unheard-of", scene.now() - timedelta(seconds=1))
    buffer = MetricBuffer(100)
    meter = Runtime(telemetry=TelemetryConfig(metrics=buffer)).metric_meter
    before = METER.set(meter)
    await clock_of(scene).let_deadline_pass(incident, await next_of(scene, incident))
    METER.reset(before)
    counted = [one for one in buffer.retrieve_updates() if one.metric.name == REFUSED]
    assert STILL_ARMED in {one.attributes["reason"] for one in counted}


async def test_a_later_deadline_comes_before_the_next_attempt_at_one_that_is_stuck(
    scene: Scene,
) -> None:
    incident = await scene.opened()
    soon = scene.now() + AGAIN_AFTER / 2
    await expect_report(scene, incident, "unheard-of", scene.now() - timedelta(seconds=1))
    await expect_report(scene, incident, "situation", soon)
    stands = await clock_of(scene).let_deadline_pass(incident, await next_of(scene, incident))
    assert stands.next_deadline is not None
    assert (stands.next_deadline.command.subject, stands.next_deadline.at) == ("situation", soon)


async def test_nothing_passes_before_its_time_by_our_clock(scene: Scene) -> None:
    incident = await alarmed(scene)
    deadline = await next_of(scene, incident)
    scene.ahead = VERIFY_WITHIN - timedelta(seconds=30)
    stands = await clock_of(scene).let_deadline_pass(incident, deadline)
    assert stands.phase is Phase.NORMAL
    assert stands.next_deadline is not None
    assert stands.next_deadline.command == deadline.command
    wait = stands.next_deadline.at - deadline.at  # the workflow's clock said that it came
    assert timedelta(seconds=29) < wait <= timedelta(seconds=30)


@pytest.mark.parametrize("ahead", [A_DAY, timedelta(seconds=-40)])
async def test_the_next_deadline_is_told_on_the_workflow_s_clock_where_that_is_known(
    scene: Scene, ahead: timedelta
) -> None:
    incident = await alarmed(scene)
    deadline = await next_of(scene, incident)
    asked = deadline.model_copy(update={"asked_at": datetime.now(UTC) + ahead})
    stands = await clock_of(scene).let_deadline_pass(incident, asked)
    assert stands.phase is Phase.NORMAL
    assert stands.next_deadline is not None
    off = stands.next_deadline.at - (deadline.at + ahead)
    assert abs(off) < timedelta(seconds=5)


async def test_what_is_stuck_is_tried_again_after_a_while_and_not_with_every_question(
    scene: Scene,
) -> None:
    incident = await scene.opened()
    await expect_report(scene, incident, "unheard-of", scene.now() - timedelta(seconds=1))
    buffer, clock = MetricBuffer(100), clock_of(scene)
    environment = ActivityEnvironment()
    environment.metric_meter = Runtime(telemetry=TelemetryConfig(metrics=buffer)).metric_meter
    deadline = await next_of(scene, incident)
    stands = await environment.run(clock.let_deadline_pass, incident, deadline)
    buffer.retrieve_updates()
    again = await environment.run(clock.let_deadline_pass, incident, deadline)
    assert again.next_deadline == stands.next_deadline
    assert not buffer.retrieve_updates()
    scene.ahead = AGAIN_AFTER
    await environment.run(clock.let_deadline_pass, incident, deadline)
    assert buffer.retrieve_updates()


async def test_what_comes_within_a_second_is_waited_for_and_passes_in_time(scene: Scene) -> None:
    incident = await alarmed(scene)
    deadline = await next_of(scene, incident)
    scene.ahead = deadline.at - datetime.now(UTC) - AWAITED / 2
    stands = await clock_of(scene).let_deadline_pass(incident, deadline)
    assert stands.phase is Phase.RESPONSE
    (known, *_) = [page async for page in scene.log.read_stream(f"incident/{incident}", after=2)]
    assert known[0].occurred_at >= deadline.at
