"""What the names in a plan refer to, told by the types of the fields that hold them."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Union, get_args, get_origin

from domain.values import Id, Value

if TYPE_CHECKING:
    from collections.abc import Iterator


class Thing(StrEnum):
    """What a name can stand for."""

    CONTACT = "contact"
    POST = "post"
    GROUP = "group"
    ESCALATION = "escalation"
    TASK = "task"
    TEMPLATE = "template"
    SIGNAL = "signal"
    SUPPLY = "supply"
    RESOURCE_KIND = "resource-kind"
    VENUE = "venue"
    ZONE = "zone"
    PLACE = "place"
    """A zone, a junction or an assembly area."""
    PASSAGE = "passage"
    ASSEMBLY_AREA = "assembly-area"


class Refers(NamedTuple):
    """Marks a field whose values are names of things."""

    to: Thing


ContactName = Annotated[Id, Refers(Thing.CONTACT)]
PostName = Annotated[Id, Refers(Thing.POST)]
GroupName = Annotated[Id, Refers(Thing.GROUP)]
EscalationName = Annotated[Id, Refers(Thing.ESCALATION)]
TaskName = Annotated[Id, Refers(Thing.TASK)]
TemplateName = Annotated[Id, Refers(Thing.TEMPLATE)]
SignalName = Annotated[Id, Refers(Thing.SIGNAL)]
SupplyName = Annotated[Id, Refers(Thing.SUPPLY)]
KindName = Annotated[Id, Refers(Thing.RESOURCE_KIND)]
VenueName = Annotated[Id, Refers(Thing.VENUE)]
ZoneName = Annotated[Id, Refers(Thing.ZONE)]
PlaceName = Annotated[Id, Refers(Thing.PLACE)]
PassageName = Annotated[Id, Refers(Thing.PASSAGE)]
AssemblyName = Annotated[Id, Refers(Thing.ASSEMBLY_AREA)]


class Mention(NamedTuple):
    """A name in a plan."""

    where: str
    """A JSON pointer."""
    to: Thing
    name: str


def mentions(value: Value, at: str = "") -> Iterator[Mention]:
    """Return every name in a value that refers to something."""
    for name, shape in _fields(type(value)):
        yield from _within(getattr(value, name), shape, f"{at}/{name}")


class _Shape(NamedTuple):
    """Where names are in the values of a field."""

    to: Thing | None = None
    is_value: bool = False
    each: _Shape | None = None
    keys: _Shape | None = None


def _within(value: Any, shape: _Shape, at: str) -> Iterator[Mention]:
    if value is None:
        return
    if shape.to is not None:
        yield Mention(at, shape.to, value)
    elif shape.is_value:
        yield from mentions(value, at)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if shape.keys is not None:
                yield from _within(key, shape.keys, f"{at}/{key}")
            if shape.each is not None:
                yield from _within(inner, shape.each, f"{at}/{key}")
    elif shape.each is not None:
        for n, inner in enumerate(value):
            yield from _within(inner, shape.each, f"{at}/{n}")


@cache
def _fields(model: type[Value]) -> tuple[tuple[str, _Shape], ...]:
    """Return the fields of a model that hold names, at any depth."""
    found = []
    for name, field in model.model_fields.items():
        marked = next((mark.to for mark in field.metadata if isinstance(mark, Refers)), None)
        shape = _Shape(to=marked) if marked else _shape(field.annotation)
        if shape is not None:
            found.append((name, shape))
    return tuple(found)


def _shape(annotation: Any) -> _Shape | None:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        marks = [mark for mark in arguments[1:] if isinstance(mark, Refers)]
        return _Shape(to=marks[0].to) if marks else _shape(arguments[0])
    if origin in (Union, UnionType):
        return next((shape for one in arguments if (shape := _shape(one))), None)
    if origin is tuple:
        each = _shape(arguments[0])
        return _Shape(each=each) if each else None
    if origin is dict:
        keys, each = (_shape(one) for one in arguments)
        return _Shape(keys=keys, each=each) if keys or each else None
    if isinstance(annotation, type) and issubclass(annotation, Value):
        return _Shape(is_value=True) if _fields(annotation) else None
    return None
