from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import (
    Interceptor,
    Replayer,
    StartActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

from tests.workflows.record_histories import HISTORIES
from workflows.running import RUNNER, WORKFLOWS

if TYPE_CHECKING:
    from temporalio.workflow import ActivityHandle

Call = tuple[str, list[bytes]]


class Emitted(Interceptor):
    """Keeps what a workflow asks of its activities: a replay alone would not compare it."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def workflow_interceptor_class(
        self, _: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor]:
        calls = self.calls

        class Out(WorkflowOutboundInterceptor):
            def start_activity(self, input: StartActivityInput) -> ActivityHandle[Any]:  # noqa: A002 - its name
                calls.append((input.activity, written(input.args)))
                return super().start_activity(input)

        class In(WorkflowInboundInterceptor):
            def init(self, outbound: WorkflowOutboundInterceptor) -> None:
                super().init(Out(outbound))

        return In


def written(arguments: Any) -> list[bytes]:
    payloads = pydantic_data_converter.payload_converter.to_payloads(arguments)
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


@pytest.mark.parametrize("file", sorted(HISTORIES.glob("*.json")), ids=lambda file: file.stem)
async def test_what_lived_before_lives_on_just_so(file: Path) -> None:
    history = read(file)
    emitted = Emitted()
    replayer = Replayer(
        workflows=WORKFLOWS,
        data_converter=pydantic_data_converter,
        workflow_runner=RUNNER,
        interceptors=[emitted],
    )
    await replayer.replay_workflow(history)
    assert emitted.calls == recorded(history)


def test_every_turn_of_a_life_is_among_the_histories() -> None:
    assert {file.stem for file in HISTORIES.glob("*.json")} >= {
        "from-alarm-to-close",
        "still-open",
        "answered-in-time",
        "begun-anew",
        "begun-anew-first-run",
    }
