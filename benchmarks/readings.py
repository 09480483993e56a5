"""What recording a reading costs, and how much a reader who polls makes the log grow.

`python -m benchmarks.readings` opens incidents and reads each in three ways: as an operator at
work, unrecorded; as an auditor for the first time, appended before the answer; as the same auditor
again, covered by that record.
"""

from __future__ import annotations

import asyncio
import json
import time
from statistics import median

from muster.v1.audit_service_pb2 import ReadEventsRequest
from muster.v1.incident_service_pb2 import GetIncidentRequest

from benchmarks.place import Place, place
from services.client.client import Client

INCIDENTS = 100
POLLS = 2_000
AT_A_TIME = 32


async def main() -> None:
    """Print the figures."""
    async with place() as at:
        print(json.dumps(await figures(at), indent=2))


async def figures(at: Place) -> dict[str, float]:
    """Return milliseconds of a read, median of many, and events that polling added."""
    operator, auditor = (Client(at.channel, at.caller(role)) for role in ("operator", "auditor"))
    incidents = [await at.open_incident() for _ in range(INCIDENTS)]
    ways = {"warming": operator, "unrecorded": operator, "recorded": auditor, "standing": auditor}
    found = {}
    for way, client in ways.items():
        took = [await _timed(client, incident) for incident in incidents]
        found[f"{way}_ms"] = round(median(took), 2)
    before = await _readings(auditor)
    for begin in range(0, POLLS, AT_A_TIME):
        several = range(begin, min(begin + AT_A_TIME, POLLS))
        await asyncio.gather(*(_read(auditor, incidents[0]) for _ in several))
    found["polls"] = POLLS
    found["events_by_polling"] = await _readings(auditor) - before
    return found


async def _timed(client: Client, incident: str) -> float:
    begun = time.perf_counter()
    await _read(client, incident)
    return 1_000 * (time.perf_counter() - begun)


async def _read(client: Client, incident: str) -> None:
    await client.incidents.GetIncident(GetIncidentRequest(incident_id=incident))


async def _readings(auditor: Client) -> int:
    """Return how many readings the log has, with the one that is made by looking."""
    pages = auditor.audit.ReadEvents(ReadEventsRequest())
    return sum([event.type == "CaseRead" async for page in pages for event in page.events])


if __name__ == "__main__":
    asyncio.run(main())
