from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory
from temporalio.worker import (
    Interceptor,
    Replayer,
    StartActivityInput,
    StartLocalActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
    WorkflowRunner,
)
from temporalio.workflow import NondeterminismError

from tests.workflows.record_histories import HISTORIES
from workflows.converter import DATA_CONVERTER
from workflows.sandbox import CHECKED, RUNNER, WORKFLOWS
from workflows.version import WORKFLOW_VERSION

if TYPE_CHECKING:
    from temporalio.workflow import ActivityHandle

Call = tuple[str, list[bytes]]


class Emitted(Interceptor):
    """Keeps what a workflow asks of its activities: a replay alone would not compare it."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.local: list[str] = []

    def workflow_interceptor_class(
        self, _: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor]:
        calls, local = self.calls, self.local

        class Out(WorkflowOutboundInterceptor):
            def start_activity(self, input: StartActivityInput) -> ActivityHandle[Any]:  # noqa: A002 - its name
                calls.append((input.activity, written(input.args)))
                return super().start_activity(input)

            def start_local_activity(self, input: StartLocalActivityInput) -> ActivityHandle[Any]:  # noqa: A002 - its name
                local.append(input.activity)
                return super().start_local_activity(input)

        class In(WorkflowInboundInterceptor):
            def init(self, outbound: WorkflowOutboundInterceptor) -> None:
                super().init(Out(outbound))

        return In


def written(arguments: Any) -> list[bytes]:
    payloads = DATA_CONVERTER.payload_converter.to_payloads(arguments)
    return [payload.data for payload in payloads]


def recorded(history: WorkflowHistory) -> list[Call]:
    scheduled = [
        event.activity_task_scheduled_event_attributes
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    ]
    return [
        (one.activity_type.name, [payload.data for payload in one.input.payloads])
        for one in scheduled
    ]


def read(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(file.stem, file.read_text(encoding="utf-8"))


def recorded_local(history: WorkflowHistory) -> list[str]:
    markers = [
        event.marker_recorded_event_attributes
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED
    ]
    data = [json.loads(one.details["data"].payloads[0].data) for one in markers]
    return [one["activity_type"] for one in data]


def of_version(version: int) -> list[Path]:
    return sorted((HISTORIES / f"version-{version}").glob("*.json"))


def replayer(emitted: Emitted, runner: WorkflowRunner = CHECKED) -> Replayer:
    return Replayer(
        workflows=WORKFLOWS,
        data_converter=DATA_CONVERTER,
        workflow_runner=runner,
        interceptors=[emitted],
    )


@pytest.mark.parametrize("runner", [CHECKED, RUNNER], ids=["checked", "as in production"])
@pytest.mark.parametrize("file", of_version(WORKFLOW_VERSION), ids=lambda file: file.stem)
async def test_what_lived_before_lives_on_just_so(file: Path, runner: WorkflowRunner) -> None:
    history = read(file)
    emitted = Emitted()
    await replayer(emitted, runner).replay_workflow(history)
    assert emitted.calls == recorded(history)
    assert emitted.local == recorded_local(history)


@pytest.mark.parametrize("version", range(1, WORKFLOW_VERSION))
async def test_a_version_was_raised_because_earlier_histories_do_not_replay(version: int) -> None:
    files = of_version(version)
    assert files
    for file in files:
        with pytest.raises(NondeterminismError):
            await replayer(Emitted()).replay_workflow(read(file))


def test_every_turn_of_a_life_is_among_the_histories() -> None:
    assert {file.stem for file in of_version(WORKFLOW_VERSION)} == {
        "against-the-odds",
        "answered-in-time",
        "begun-anew",
        "begun-anew-first-run",
        "from-alarm-to-close",
        "still-open",
    }
