"""Personal texts of a request: checked, then sealed, before anything else sees them.

Each is sealed for one person of one incident, or of the directory: the person whom the message
names that the text stands in. What is recorded, hashed and copied beside it is the sealed text.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from muster.v1 import options_pb2

from domain.directory.address import (
    NoAddress,
    mail_address,
    refuse_credentials,
    web_address,
)
from domain.plan.model.plan import ChannelKind
from domain.texts import BLANK, fault
from services.api.commands.envelope import context_of, named
from services.api.contract import ContractBroken
from services.api.errors.failures import Failure, Violation

if TYPE_CHECKING:
    from services.api.commands.envelope import Order, Reading
    from services.api.commands.request_conversion import Values
    from services.api.interceptors.chain import Call

PERSONAL_LENGTH_MAX = 2_000
"""Characters of a name or an address."""

DIRECTORY = "directory"
"""Where contacts are known, beside all incidents."""

Path = tuple[str, ...]
Seal = Callable[[str, str], Awaitable[str]]


PERSON = "person"
"""The field that says whose personal texts stand beside it."""


class PersonalTextSealer:
    """Reads commands, and seals what is personal in them first."""

    def __init__(self, readings: Iterable[Reading], seal: Seal) -> None:
        self._seal = seal
        self._personal = {
            reading.method.name: personal_fields(reading.method.request.DESCRIPTOR)
            for reading in readings
        }

    def is_needed(self, reading: Reading) -> bool:
        """Tell whether such a command has personal texts."""
        return bool(self._personal[reading.method.name])

    def sealed_in(self, batch: Any) -> Sequence[str]:
        """Return what commands with personal texts are called in a batch."""
        return [field.name for field in batch.fields if _personal_fields(field.message_type)]

    async def order(self, reading: Reading, request: Any, call: Call) -> Order:
        """Return what is asked, with nothing personal in the plain. Raises Failure."""
        values = reading.convert.values(request)
        if paths := self._personal[reading.method.name]:
            scope = _scope(reading, request)
            await seal_all(values, paths, scope, self._seal)
        return reading.order(values, request, call)


def _scope(reading: Reading, request: Any) -> str:
    """Return within what a person is known: an incident, or the directory of contacts."""
    if reading.category == PERSON:
        return DIRECTORY
    return f"{reading.category}/{reading.named_key(request, context_of(request))}"


def personal_fields(message: Any) -> Sequence[Path]:
    """Return the paths of a message's personal texts; lists count as one step.

    Raises ContractBroken if nothing says whose they are.
    """
    found = _personal_fields(message)
    if found and PERSON not in message.fields_by_name:
        raise ContractBroken(f"{message.full_name} does not say whose personal texts it holds")
    return found


def _personal_fields(message: Any) -> list[Path]:
    found: list[Path] = []
    for field in message.fields:
        if _is_personal(field):
            found.append((field.name,))
        elif field.message_type is not None:
            found += [(field.name, *rest) for rest in _personal_fields(field.message_type)]
    return found


async def seal_all(values: Values, paths: Sequence[Path], scope: str, seal: Seal) -> None:
    """Put sealed texts in the place of personal ones. Raises Failure for what is no address."""
    subject = f"{scope}/{named(values.get(PERSON, ''), PERSON)}"
    if broken := [fault for path in paths for fault in _faults(values, path, "")]:
        raise Failure("FIELD_INVALID", violations=broken)
    for path in paths:
        await _seal(values, path, subject, seal)


def _is_personal(field: Any) -> bool:
    options: Any = field.GetOptions()
    return bool(options.Extensions[options_pb2.personal])


async def _seal(values: Any, path: Path, subject: str, seal: Seal) -> None:
    step, *rest = path
    inner = values.get(step)
    if inner is None:
        return
    if not rest:
        values[step] = await seal(subject, inner)
        return
    for one in inner if isinstance(inner, tuple) else (inner,):
        await _seal(one, tuple(rest), subject, seal)


def _faults(values: Any, path: Path, at: str) -> list[Violation]:
    step, *rest = path
    inner = values.get(step)
    if inner is None:
        return []
    if not rest:
        rule = _rule_broken(step, inner, values.get("kind"))
        return [Violation.of(f"{at}{step}", rule)] if rule else []
    many = inner if isinstance(inner, tuple) else (inner,)
    return [
        fault
        for number, one in enumerate(many)
        for fault in _faults(one, tuple(rest), f"{at}{step}[{number}].")
    ]


def _rule_broken(field: str, text: str, kind: object) -> str | None:
    if len(text) > PERSONAL_LENGTH_MAX:
        return "too_long_for_a_line"
    if found := fault(text):
        return "blank" if found.rule == BLANK else "unseen"
    if field != "address":
        return None
    try:
        _read(kind, text)
    except NoAddress as broken:
        return broken.fault
    return None


def _read(kind: object, text: str) -> None:
    """Read an address as its sender will. Raises NoAddress."""
    if kind is ChannelKind.MAIL:
        mail_address(text)
    if kind is ChannelKind.WEBHOOK:
        web_address(text)
        refuse_credentials(text)
