"""Queries to workflows, and whether Temporal answers."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog
from muster.v1 import incident_pb2, incident_service_pb2
from temporalio.api.enums.v1 import PendingActivityState, WorkflowExecutionStatus
from temporalio.client import WorkflowQueryFailedError, WorkflowQueryRejectedError
from temporalio.service import RPCError, RPCStatusCode

from domain.incident.obligations.obligations import WorkflowView, obligations
from services.api.errors.failures import Failure
from services.api.messages.from_domain import moment, number
from services.runtime.temporal.client import connect
from services.runtime.temporal.workflow_starter import workflow_id

if TYPE_CHECKING:
    from temporalio.client import Client, WorkflowExecutionDescription

    from domain.decider import Versioned
    from domain.incident.state.incident import Incident
    from services.runtime.settings.settings import Temporal

ASK_TIMEOUT = timedelta(seconds=5)
"""For a question to a workflow; its worker may be away."""

HEALTH_TIMEOUT = timedelta(seconds=2)

FAILURE_LENGTH_MAX = 500
"""Characters shown of what went wrong in an activity."""

log = structlog.get_logger()


class Seen(NamedTuple):
    """How a workflow stands, by itself and by Temporal."""

    standing: WorkflowView
    described: WorkflowExecutionDescription

    def presented(
        self, key: str, known: Versioned[Incident]
    ) -> incident_service_pb2.GetStandingResponse:
        """Say how it stands to somebody who knows where the incident is."""
        version = known.version
        seen, described = self
        coming, raw = seen.next_deadline, described.raw_description
        status = raw.workflow_execution_info.status
        return incident_service_pb2.GetStandingResponse(
            incident_id=key,
            phase=number(seen.phase),
            version_seen=seen.version,
            version=version,
            behind=max(0, version - seen.version),
            next_deadline=incident_pb2.Deadline(
                kind=number(coming.command.deadline),
                subject=coming.command.subject,
                due_at=moment(coming.at),
            )
            if coming
            else None,
            outstanding=[
                incident_service_pb2.Work(kind=number(work.kind), subject=work.subject)
                for work in obligations(known.state)
            ],
            pending_activities=[_activity(one) for one in raw.pending_activities],
            workflow_id=described.id,
            run_id=described.run_id,
            status=WorkflowExecutionStatus.Name(status)
            .removeprefix("WORKFLOW_EXECUTION_STATUS_")
            .lower(),
        )


async def reach(settings: Temporal) -> WorkflowQueries:
    """Reach Temporal, however long it is away."""
    return WorkflowQueries(await connect(settings))


class WorkflowQueries:
    """Temporal, as the service talks to it."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def is_well(self) -> bool:
        """Tell whether it answers."""
        try:
            return await self._client.service_client.check_health(timeout=HEALTH_TIMEOUT)
        except RPCError:
            return False

    async def ask(self, incident: str) -> Seen:
        """Ask an incident's workflow how it stands. Raises Failure."""
        handle: Any = self._client.get_workflow_handle(workflow_id(incident))
        try:
            described = await handle.describe(rpc_timeout=ASK_TIMEOUT)
            seen = await handle.query("standing", result_type=WorkflowView, rpc_timeout=ASK_TIMEOUT)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise Failure("WORKFLOW_UNKNOWN", {"incident": incident}) from None
            log.warning("workflow_away", incident_id=incident, because=error.message)
            raise Failure("WORKFLOW_UNAVAILABLE") from None
        except (WorkflowQueryFailedError, WorkflowQueryRejectedError) as error:
            log.warning("workflow_did_not_answer", incident_id=incident, because=str(error))
            raise Failure("WORKFLOW_UNAVAILABLE") from None
        except ValueError as error:  # it is paused, a state that the client can't read
            log.warning("workflow_is_paused", incident_id=incident, because=str(error))
            raise Failure("WORKFLOW_UNAVAILABLE") from None
        return Seen(seen, described)


def _activity(one: Any) -> incident_service_pb2.PendingActivity:
    state = PendingActivityState.Name(one.state).removeprefix("PENDING_ACTIVITY_STATE_")
    return incident_service_pb2.PendingActivity(
        type=one.activity_type.name,
        activity_id=one.activity_id,
        state=state.lower(),
        attempt=one.attempt,
        last_failure=(one.last_failure.message or _put_back(one))[:FAILURE_LENGTH_MAX],
    )


def _put_back(one: Any) -> str:
    """Say how much of an incident's work failed and waits for its next attempt."""
    if not one.heartbeat_details.payloads:
        return ""
    counted: dict[str, dict[str, int]] = json.loads(one.heartbeat_details.payloads[0].data)
    counts = {kind: counts["put_back"] for kind, counts in counted.items()}
    waiting = ", ".join(f"{kind} {count}" for kind, count in counts.items() if count)
    return f"put back: {waiting}" if waiting else ""
