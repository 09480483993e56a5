"""Personal texts of a request: checked, then sealed, before anything else sees them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from muster.v1 import options_pb2

from domain.plan.model import ChannelKind
from services.api.failures import Failure, Violation

if TYPE_CHECKING:
    from services.api.convert import Values

PERSONAL_LENGTH_MAX = 2_000
"""Characters of a name or an address."""

_MAIL = re.compile(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+", re.ASCII)

Path = tuple[str, ...]
Seal = Callable[[str, str], Awaitable[str]]


def personal_fields(message: Any) -> Sequence[Path]:
    """Return the paths of a message's personal texts; lists count as one step."""
    found: list[Path] = []
    for field in message.fields:
        if _is_personal(field):
            found.append((field.name,))
        elif field.message_type is not None:
            found += [(field.name, *rest) for rest in personal_fields(field.message_type)]
    return found


async def seal_all(values: Values, paths: Sequence[Path], subject: str, seal: Seal) -> None:
    """Put sealed texts in the place of personal ones. Raises Failure for what is no address."""
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
    if field != "address":
        return None
    if kind is ChannelKind.MAIL and not _MAIL.fullmatch(text):
        return "mail_address"
    if kind is ChannelKind.WEBHOOK and not _is_web_address(text):
        return "web_address"
    return None


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
