"""What is counted and compared at the end, each figure from sources that don't know each other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from email.message import Message

from muster.v1.audit_service_pb2 import (
    ReadEventsRequest,
    StateAtRequest,
    VerifyRequest,
    VerifyResponse,
)
from muster.v1.common_pb2 import Receipt
from muster.v1.incident_pb2 import Incident
from muster.v1.incident_service_pb2 import (
    GetIncidentRequest,
    GetStandingRequest,
    GetStandingResponse,
    ListIncidentsRequest,
)

from activities.evaluation.report import Report, report
from domain.decider import Versioned
from domain.incident.obligations.obligations import obligations
from eventstore.integrity.hash_chain import event_hash, genesis
from eventstore.log.events import StoredEvent
from services.api.messages import from_domain
from services.cli.incident.report import pinned
from services.cli.incident.timeline import fold
from services.cli.output.answers import named
from services.cli.session import events
from services.cli.session.connection import Connection
from services.demo.case import Case, data_of
from services.demo.receiver import Received
from services.demo.stage import DRILL_DOMAIN
from services.runtime.sentences import sentence_in_utc

SAMPLES = 12
"""Versions at which the case is replayed and compared, evenly spread."""

REST_S = 10.0
"""How long the workflow may take to hear of the last event."""

POLL_S = 0.05


@dataclass
class Proof:
    """What was found, and what does not agree."""

    events: int = 0
    mails: int = 0
    hooks: int = 0
    position: int = 0
    wrong: list[str] = field(default_factory=list)

    def holds(self, claim: bool, what: str) -> None:  # noqa: FBT001 - a claim is true or false
        """Note what should be so and is not."""
        if not claim:
            self.wrong.append(what)

    def same(self, what: str, **sources: object) -> None:
        """Note sources that should agree and don't."""
        first, *others = sources.values()
        self.holds(all(first == other for other in others), f"{what}: {sources}")


def counts(
    proof: Proof, case: Case, incident: str, mails: Sequence[Message], hooks: Received
) -> None:
    """Compare what left the house with what the log says of it."""
    to = [str(mail["X-Envelope-To"]) for mail in mails]
    mailed = _of(incident, (str(mail["X-Muster-Notification"]) for mail in mails))
    called = _of(incident, hooks.by_key)
    proof.mails, proof.hooks = len(mailed), len(called)
    for channel, arrived in (("mail", mailed), ("webhook", called)):
        said = _keys(incident, case.all_of("NotificationDelivered", channel=channel))
        withdrawn = _keys(incident, case.all_of("NotificationWithdrawn"))
        proof.holds(
            said <= arrived,
            f"{channel}: delivered, says the log, but not received: {said - arrived}",
        )
        stray = arrived - said - withdrawn
        proof.holds(not stray, f"{channel}: received, but the log does not know it: {stray}")
    failed = case.all_of("NotificationFailed")
    proof.holds(not failed, f"{len(failed)} notifications failed")
    proof.holds(not hooks.refused, f"webhooks that were not believed: {hooks.refused}")
    live = [address for address in to if not address.endswith(f"@{DRILL_DOMAIN}")]
    proof.holds(not live, f"an exercise reached somebody alive: {live}")


def receipts(proof: Proof, case: Case, answered: Iterable[Receipt]) -> None:
    """Look for every acknowledged command in the log, where its receipt says it is."""
    for receipt in answered:
        first = receipt.version - len(receipt.kinds)
        kept = [event.type for event in case.events[first : receipt.version]]
        proof.same(f"version {receipt.version}", answered=list(receipt.kinds), kept=kept)


async def log(proof: Proof, case: Case, incident: str, auditor: Connection) -> None:
    """Read the case again, recompute its chain here, and have the service verify the whole log."""
    read = await events.of_incident(auditor, incident)
    proof.events = len(read)
    proof.same("the case watched and the case read", watched=case.events, read=read)
    proof.holds(_is_chained(read), "the chain of the case does not hold when computed here")
    # Reading is an event, too: what is verified afterwards is as long as what was read.
    everything = [event async for event in events.read(auditor, ReadEventsRequest())]
    checked = await _verified(auditor)
    proof.position = checked.position
    flaws = [f"{flaw.stream} v{flaw.version}: {flaw.what}" for flaw in checked.flaws]
    proof.holds(checked.sound and not flaws, f"the log is not sound: {flaws}")
    positions = [event.position for event in everything]
    proof.holds(positions == list(range(1, len(positions) + 1)), "positions are not 1, 2, 3 …")
    proof.same("the end of the log", verified=checked.position, read=len(positions))


async def live_state(proof: Proof, case: Case, incident: str, auditor: Connection) -> None:
    """Compare the fold of what was watched with what service, view and workflow say."""
    known = Versioned(case.state, len(case.events), case.events[-1].position)
    folded = from_domain.incident(incident, known)
    request = GetIncidentRequest(incident_id=incident)
    got = await auditor.incidents.GetIncident(request, **auditor.call)
    proof.holds(got == folded, f"GetIncident is not the fold: {_differences(got, folded)}")
    await _view(proof, folded, auditor)
    await _standing(proof, case, folded, auditor)


async def replayed(proof: Proof, case: Case, incident: str, auditor: Connection) -> None:
    """Compare the case as of sampled versions with the fold of as many events."""
    last = len(case.events)
    for version in sorted({1 + (last - 1) * sample // SAMPLES for sample in range(SAMPLES + 1)}):
        request = StateAtRequest(incident_id=incident, version=version)
        stood = await auditor.audit.StateAt(request, **auditor.call)
        first = case.events[:version]
        folded = from_domain.incident(incident, Versioned(fold(first), version, first[-1].position))
        proof.holds(stood == folded, f"as of {version}: {_differences(stood, folded)}")


async def evaluated(proof: Proof, case: Case, auditor: Connection) -> Report:
    """Make the report again from the same events, and compare its digest with the recorded one."""
    plan = await pinned(auditor, case.events)
    completed = data_of(case.all_of("EvaluationCompleted")[0])
    again = report(case.events[: completed["up_to_version"]], plan, sentence_in_utc)
    proof.same("the report", recorded=completed["report_sha256"], made_again=again.sha256)
    return report(case.events, plan, sentence_in_utc)


async def _view(proof: Proof, folded: Incident, auditor: Connection) -> None:
    request = ListIncidentsRequest(min_position=folded.position)
    answer = await auditor.incidents.ListIncidents(request, **auditor.call)
    row = next((one for one in answer.incidents if one.incident_id == folded.incident_id), None)
    proof.holds(row is not None, "the view does not have the case")
    if row is not None:
        for name in ("version", "position", "phase", "venue", "hazard", "plan", "mode", "level"):
            proof.same(f"{name} in the view", view=getattr(row, name), fold=getattr(folded, name))


async def _standing(proof: Proof, case: Case, folded: Incident, auditor: Connection) -> None:
    standing = await _at_rest(folded.incident_id, auditor)
    work = {(named(one, "kind"), one.subject) for one in standing.outstanding}
    owed = {(str(one.kind), one.subject) for one in obligations(case.state)}
    proof.same("the workflow's phase", workflow=standing.phase, fold=folded.phase)
    proof.same("the workflow's version", workflow=standing.version_seen, fold=folded.version)
    proof.same("the workflow's work", workflow=work, fold=owed)


async def _at_rest(incident: str, auditor: Connection) -> GetStandingResponse:
    """Return how the workflow stands once it has seen all there is, or after some patience."""
    request = GetStandingRequest(incident_id=incident)
    begun = time.monotonic()
    while True:
        standing = await auditor.incidents.GetStanding(request, **auditor.call)
        if not standing.behind or time.monotonic() - begun > REST_S:
            return standing
        await asyncio.sleep(POLL_S)


async def _verified(auditor: Connection) -> VerifyResponse:
    answer = VerifyResponse()
    async for step in auditor.audit.Verify(VerifyRequest()):
        flaws = [*answer.flaws, *step.flaws]
        answer.CopyFrom(step)
        del answer.flaws[:]
        answer.flaws.extend(flaws)
    return answer


def _is_chained(case: Sequence[StoredEvent]) -> bool:
    before = genesis(case[0].stream)
    for version, event in enumerate(case, start=1):
        if event.version != version or event_hash(before, event) != event.hash:
            return False
        before = event.hash
    return True


def _of(incident: str, keys: Iterable[str]) -> set[str]:
    """Return the keys of notifications of one incident."""
    return {key for key in keys if key.startswith(f"{incident}/")}


def _keys(incident: str, said: Iterable[StoredEvent]) -> set[str]:
    return {f"{incident}/{data_of(event)['notification']}" for event in said}


def _differences(one: Incident, other: Incident) -> dict[str, object]:
    return {
        field.name: (getattr(one, field.name), getattr(other, field.name))
        for field in Incident.DESCRIPTOR.fields
        if getattr(one, field.name) != getattr(other, field.name)
    }
