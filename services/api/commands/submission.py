"""Submission of commands to the recorder, one, many or a stream; receipts in return."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import structlog
from google.rpc import status_pb2
from muster.v1 import common_pb2, incident_service_pb2

from domain.decider import Refused
from domain.incident.resources import DispatchUnit
from domain.refusals import Refusal
from domain.resource.unit import RegisterUnit
from eventstore.recorder.event_ids import event_id_of
from services.api.commands.envelope import Order, Reading
from services.api.commands.personal_texts import PersonalTextSealer
from services.api.commands.unit_reservation import UnitReservation
from services.api.contract import Method, methods
from services.api.errors.failures import Failure, Violation, of_error, of_refusal
from services.api.errors.status import TRAILERS, Room, of_answers, status_of
from services.api.interceptors.chain import not_allowed
from services.api.resume_tokens import Mark, ResumeTokens, reads_the_past

if TYPE_CHECKING:
    from domain.decider import CommandEnvelope
    from eventstore.recorder.recorder import Receipt, Recorder
    from services.api.interceptors.chain import Call, Unary

SUBMIT_COMMANDS_MAX = 256
"""Commands in one batch."""

STREAM_COMMANDS_MAX = 256
"""Commands of one stream that are being recorded at a time."""

EFFECTS: Mapping[str, common_pb2.WorkKind.ValueType] = {
    "NotificationOrdered": common_pb2.WORK_KIND_NOTIFY,
    "ResourceRequested": common_pb2.WORK_KIND_DISPATCH,
    "UnitReleased": common_pb2.WORK_KIND_RETURN,
    "ResponseTerminated": common_pb2.WORK_KIND_EVALUATE,
}
"""The facts that leave the hands something to do."""

Record = Callable[[Order], Awaitable["Receipt | Refused"]]

Seal = Callable[[str, str], Awaitable[str]]
"""Seals a text for a subject."""

Answer = incident_service_pb2.Answer
Command = incident_service_pb2.Command

Begun = asyncio.Queue[asyncio.Task[Answer] | None]
"""Commands of a stream that are being recorded, in their order, and None at the end."""

log = structlog.get_logger()


class CommandSubmission:
    """Records what methods ask for."""

    def __init__(
        self, recorders: Mapping[str, Recorder[Any]], seal: Seal, tokens: ResumeTokens
    ) -> None:
        self._recorders = recorders
        self._tokens = tokens
        self._dispatching = UnitReservation(recorders["incident"], recorders["unit"])
        self._readings = {one.name: Reading.of(one) for one in methods() if one.records}
        self._sealing = PersonalTextSealer(self._readings.values(), seal)
        self._in_turn = {UnitReservation.METHOD, *self._sealing.sealed_in(Command.DESCRIPTOR)}

    def unary(self, method: Method) -> Unary:
        """Return what answers a method that records a command."""
        reading = self._readings[method.name]
        if self._sealing.is_needed(reading) or reading.category != "incident":
            return self._carefully(reading)
        if reading.convert.shape is DispatchUnit:
            record: Record = self._dispatching.record
        else:
            record = self._record_plainly

        async def answer(request: Any, call: Call) -> common_pb2.Receipt:
            order = reading.order(reading.convert.values(request), request, call)
            return receipt(order, await record(order), self._tokens)

        return answer

    async def submit(self, request: Any, call: Call) -> incident_service_pb2.SubmitResponse:
        """Record many commands, those of one incident in their order."""
        room = of_answers(len(request.commands))
        begun = [task async for task in self._begin(request.commands, call, room)]
        return incident_service_pb2.SubmitResponse(answers=await asyncio.gather(*begun))

    async def submit_stream(
        self, requests: AsyncIterator[Any], call: Call
    ) -> AsyncGenerator[incident_service_pb2.SubmitStreamResponse, None]:
        """Record commands as they come, and answer in their order: what is ready goes together."""
        begun: Begun = asyncio.Queue(STREAM_COMMANDS_MAX)
        beginning = asyncio.create_task(self._begin_all(requests, call, begun))
        held: list[asyncio.Task[Answer] | None] = []
        try:
            while (task := held.pop() if held else await begun.get()) is not None:
                answers = [await task]
                while not begun.empty() and not held:
                    following = begun.get_nowait()
                    if following is not None and following.done():
                        answers.append(following.result())
                    else:
                        held.append(following)
                yield incident_service_pb2.SubmitStreamResponse(answers=answers)
            await beginning
        finally:
            beginning.cancel()

    async def _begin_all(self, requests: AsyncIterator[Any], call: Call, begun: Begun) -> None:
        """Begin what a stream asks for; None follows the last one, also if the stream breaks."""
        try:
            async for request in requests:
                async for task in self._begin(request.commands, call, TRAILERS):
                    await begun.put(task)
        except Exception:
            await begun.put(None)
            raise
        await begun.put(None)

    async def _begin(
        self, commands: Sequence[Any], call: Call, room: Room
    ) -> AsyncIterator[asyncio.Task[Answer]]:
        """Begin to record commands at once, in their order."""
        if len(commands) > SUBMIT_COMMANDS_MAX:
            raise Failure("FIELD_INVALID", violations=[Violation.of("commands", "too_many")])
        for command in commands:
            task = asyncio.create_task(self._answer(command, call, room))
            yield task
            if command.WhichOneof("command") in self._in_turn:
                await asyncio.wait([task])

    def _carefully(self, reading: Reading) -> Unary:
        """Return what answers a method about a unit or a person: sealed, and only where allowed."""

        async def answer(request: Any, call: Call) -> common_pb2.Receipt:
            order = await self._sealing.order(reading, request, call)
            await self._refuse_elsewhere(order)
            return receipt(order, await self._record(order), self._tokens)

        return answer

    def _record(self, order: Order) -> Awaitable[Receipt | Refused]:
        if isinstance(order.asked.command, DispatchUnit):
            return self._dispatching.record(order)
        return self._record_plainly(order)

    def _record_plainly(self, order: Order) -> Awaitable[Receipt | Refused]:
        return self._recorders[order.category].record(order.key, order.asked)

    async def _answer(self, command: Any, call: Call, room: Room) -> Answer:
        """Answer one of many as its own method would."""
        which = command.WhichOneof("command")
        named = ""
        try:
            if which is None:
                raise Failure("COMMAND_REQUIRED")  # noqa: TRY301 - told below, like all others
            request = getattr(command, which)
            named = request.context.command_id
            reading = self._readings[type(request).DESCRIPTOR.name.removesuffix("Request")]
            if call.actor.roles.isdisjoint(reading.method.allowed):
                raise not_allowed(call.actor, reading.method)  # noqa: TRY301 - as above
            order = await self._sealing.order(reading, request, call)
            recorded = receipt(order, await self._record(order), self._tokens)
        except Exception as error:  # noqa: BLE001 - an edge too: one must not fail the others
            return Answer(command_id=named, error=_told(error, call, room))
        return Answer(command_id=named, receipt=recorded)

    async def _refuse_elsewhere(self, order: Order) -> None:
        """Refuse a unit of another venue to those who were let in at some venues only."""
        actor = order.asked.actor
        if order.category != "unit" or actor.venues is None:
            return
        command = order.asked.command
        venue = command.venue if isinstance(command, RegisterUnit) else None
        if not isinstance(command, RegisterUnit):
            known = await self._recorders["unit"].known(order.key)
            venue = known.state.registered.venue if known.state.registered else None
        if venue is None or not actor.may_act_at(venue):
            found = Refused(Refusal.VENUE_NOT_PERMITTED, {"venue": venue or "*"})
            raise of_refusal(found, order.asked, order.stream)


def receipt(order: Order, answer: Receipt | Refused, tokens: ResumeTokens) -> common_pb2.Receipt:
    """Return the receipt. Raises Failure for a refusal."""
    if isinstance(answer, Refused):
        raise of_refusal(answer, order.asked, order.stream)
    return common_pb2.Receipt(
        stream=answer.stream,
        incident_id=order.key if order.category == "incident" else "",
        version=answer.version,
        position=answer.position,
        resume_token=_resume_token(order.asked, answer, tokens),
        kinds=answer.kinds,
        duplicate=answer.duplicate,
        effects_pending=[EFFECTS[kind] for kind in answer.kinds if kind in EFFECTS],
    )


def _resume_token(asked: CommandEnvelope, answer: Receipt, tokens: ResumeTokens) -> str:
    """Return what continues a watch after a command: after its last event, if it led to any.

    An answer about what was there before is good for a watch of that stream only where the caller
    may not read the past: how far back it lies is up to whoever asks. None is given where nothing
    is there to go on after: an opening command that was only validated.
    """
    if not answer.position:
        return ""
    new = bool(answer.kinds) and not asked.validate_only
    event = event_id_of(asked, len(answer.kinds) - 1) if new else None
    of_all = (new and not answer.duplicate) or reads_the_past(asked.actor)
    mark = Mark.after(answer.position, event, None if of_all else answer.stream)
    return tokens.seal(mark, asked.actor)


def _told(error: Exception, call: Call, room: Room) -> status_pb2.Status:
    failure, named_as = of_error(error), call.request_id
    if failure is None:
        log.error("command_broke", request_id=named_as, exc_info=error)
        failure = Failure("INTERNAL", {"request_id": named_as})
    return status_of(failure, call.language, named_as, room=room)
