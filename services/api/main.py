"""The API: the process that serves the contract."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog

from compiler.publication import judgement
from domain.directory.person import PERSONS
from domain.incident.decider import INCIDENTS
from domain.plan.lifecycle.publication import PUBLICATION
from domain.resource.unit import UNITS
from eventstore.log.log import Log
from eventstore.postgres.migrations import check
from eventstore.queries.plans import PlanLibrary
from eventstore.recorder.recorder import Recorder
from projections.queries.lists import ViewReader
from services.api.access_log import AccessLog
from services.api.commands.submission import CommandSubmission
from services.api.contract import methods
from services.api.health import Components, begin_reporting, report
from services.api.history.methods import history_methods
from services.api.history.point_in_time import History
from services.api.interceptors.admission import Admission, Limits
from services.api.interceptors.admission_metrics import admitted
from services.api.interceptors.authentication import Authenticator
from services.api.interceptors.chain import InterceptorChain
from services.api.interceptors.connections import Connections
from services.api.interceptors.metrics import METRICS
from services.api.interceptors.open_calls import OpenCalls
from services.api.lateness import Lateness
from services.api.plans.diff import PlanDiff
from services.api.plans.methods import Plans
from services.api.plans.rendering import PlanRenderer
from services.api.privacy.disclosure import PersonalDataReader, Shown
from services.api.privacy.holds import PersonalData
from services.api.proof.methods import ProofServices, proof_services
from services.api.public import Public
from services.api.queries.incidents import Incidents
from services.api.queries.resources import Resources
from services.api.queries.workflows import Workflows
from services.api.resume_tokens import ResumeTokens
from services.api.server import (
    bind,
    build,
    connections_max,
)
from services.api.venue_access import VenueAccess
from services.api.watch.incidents import IncidentWatch
from services.api.watch.open_incidents import OpenIncidents
from services.runtime import metrics, readiness
from services.runtime.clocks import clock_metrics, clock_watch, clocks
from services.runtime.snapshots import snapshots_of_incidents
from services.runtime.vault import open_vault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from domain.incident.state.incident import Incident
    from eventstore.privacy.vault import Vault
    from eventstore.recorder.snapshots import Snapshots
    from services.api.interceptors.chain import Stream, Unary
    from services.runtime.settings.settings import Api, Privacy, Settings


log = structlog.get_logger()


class Serving(NamedTuple):
    """A service that runs."""

    host: str
    port: int

    @property
    def address(self) -> str:
        """Return where it listens."""
        return f"{self.host}:{self.port}"


async def serve(settings: Settings) -> None:
    """Serve until told to stop, then end in order. Raises PortTaken, SchemaMismatch and others."""
    told = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, told.set)
    async with serving(settings) as here:
        metrics.count_lateness()
        metrics.serve(settings.metrics)
        log.info("serving", at=here.address)
        readiness.announce(here.address)
        await told.wait()


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[Serving]:
    """Run the service for as long as the context lasts."""
    dsn = settings.database.dsn.get_secret_value()
    await readiness.may_begin()
    await check(dsn)
    doors = Authenticator(settings.api.tokens_file)
    async with AsyncExitStack() as stack:
        store = await Log.open(dsn)
        stack.push_async_callback(store.close)
        views = await ViewReader.open(dsn)
        stack.push_async_callback(views.close)
        vault = await open_vault(dsn, settings.vault)
        stack.push_async_callback(vault.close)
        workflows = Workflows(settings.temporal)
        stack.push_async_callback(workflows.close)
        watch = clock_watch.watched(settings, show=clock_metrics.show)
        clock = await stack.enter_async_context(watch)
        proof = await stack.enter_async_context(proof_services(settings, store))
        tokens = ResumeTokens.of(settings.vault)
        parts = _parts(store, views, vault, workflows, proof, tokens, settings.privacy)
        edge, public, open_calls, connections = _entrance(settings.api, doors)
        server, well = build(edge, public, settings.api, parts.unaries, parts.streams)
        port = bind(server, settings.api)
        lateness = Lateness(store, settings.overdue)
        looked_at = Components(workflows, clock, lateness, proof.health, parts.readings)
        looking = await begin_reporting(partial(report, store, looked_at, well))
        checking = asyncio.create_task(open_calls.keep_checking(), name="open calls")
        making_room = asyncio.create_task(connections.keep_making_room(port), name="connections")
        await server.start()
        try:
            yield Serving(settings.api.host, port)
        finally:
            looking.cancel()
            await well.enter_graceful_shutdown()
            parts.watching.close()
            edge.drain()
            await server.stop(settings.api.drain_seconds)
            checking.cancel()
            making_room.cancel()


class _Entrance(NamedTuple):
    edge: InterceptorChain
    public: Public
    open_calls: OpenCalls
    connections: Connections


def _entrance(api: Api, doors: Authenticator) -> _Entrance:
    """Return what every call passes."""
    admission, open_calls = Admission(Limits.of(api)), OpenCalls(doors)
    METRICS.admitted = partial(admitted, admission)
    connections = Connections(connections_max(api))
    mutual = api.tls is not None and api.tls.client_ca_file is not None
    edge = InterceptorChain(doors, admission, open_calls, connections, mutual_tls=mutual)
    return _Entrance(edge, Public(admission, edge), open_calls, connections)


class _Parts(NamedTuple):
    unaries: Mapping[str, Unary]
    streams: Mapping[str, Stream]
    watching: IncidentWatch
    readings: AccessLog


def _parts(  # noqa: PLR0913, PLR0917 - each is what others are made of
    store: Log,
    views: ViewReader,
    vault: Vault,
    workflows: Workflows,
    proof: ProofServices,
    tokens: ResumeTokens,
    privacy: Privacy,
) -> _Parts:
    """Make what answers each method."""
    library, places = PlanLibrary(store), VenueAccess(store)
    shown, readings = Shown(store, places, privacy.disclosures_per_hour), AccessLog(store, privacy)
    snapshots = snapshots_of_incidents(store)
    recorders = {**_recorders(store, library, snapshots), **proof.recorders}
    incidents, history = recorders["incident"], History.of(store, snapshots)
    reading = Incidents(incidents, views, workflows, readings)
    recording = CommandSubmission(recorders, vault.seal, tokens)
    open_ = OpenIncidents(incidents, history, views)
    watching = IncidentWatch(store, open_, places, tokens, readings)
    before = history_methods(store, incidents, history, places, readings)
    unaries: dict[str, Unary] = {
        "Submit": recording.submit,
        "GetIncident": reading.get,
        "ListIncidents": reading.list,
        "GetStanding": reading.standing,
        **_about_plans(store, Plans(store, recorders["plan"], views, tokens)),
        **Resources(views).unaries,
        **before.unaries,
        **proof.unaries,
        **_about_people(recorders, vault, shown, tokens),
    }
    unaries |= {one.name: recording.unary(one) for one in methods() if one.records}
    streams: dict[str, Stream] = {
        "SubmitStream": recording.submit_stream,
        "WatchIncidents": watching.watch,
        **before.streams,
        **proof.streams,
    }
    return _Parts(unaries, streams, watching, readings)


def _about_people(
    recorders: dict[str, Recorder[Any]], vault: Vault, shown: Shown, tokens: ResumeTokens
) -> dict[str, Unary]:
    known = PersonalData(recorders, vault, tokens)
    return {**known.unaries, **PersonalDataReader(recorders, vault, shown, tokens).unaries}


def _about_plans(store: Log, plans: Plans) -> dict[str, Unary]:
    return {
        "DraftPlan": plans.draft,
        "PublishPlan": plans.publish,
        "CheckPlan": plans.check,
        "GetPlan": plans.get,
        "ListPlans": plans.list,
        "DiffPlans": PlanDiff(store).diff,
        "RenderPlan": PlanRenderer(store).render,
    }


def _recorders(
    store: Log, library: PlanLibrary, snapshots: Snapshots[Incident]
) -> dict[str, Recorder[Any]]:
    around = library.surroundings
    return {
        "incident": Recorder(
            store, INCIDENTS, clock=clocks.now, surroundings=around, snapshots=snapshots
        ),
        "unit": Recorder(store, UNITS, clock=clocks.now),
        "person": Recorder(store, PERSONS, clock=clocks.now),
        "plan": Recorder(store, PUBLICATION, clock=clocks.now, surroundings=judgement),
    }
