"""Pages of a view: filtered, in an order, each beginning right after the one before."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from projections.queries.filters import Condition, Field, FilterInvalid

ORDER_FIELDS_MAX = 5


class PageTokenInvalid(ValueError):
    """A page token is of another list, of another question, or not one of ours."""


class Sorting(NamedTuple):
    """A field to order by."""

    field: Field
    descending: bool


def order(text: str, fields: Mapping[str, Field], *, unless: str, at_last: str) -> list[Sorting]:
    """Read an order such as `opened_at desc, venue`; `at_last` decides between equals."""
    chosen = [_sorting(part, fields) for part in (text.strip() or unless).split(",")]
    if len(chosen) > ORDER_FIELDS_MAX:
        raise FilterInvalid(f"at most {ORDER_FIELDS_MAX} fields to order by", 0)
    return [*chosen, Sorting(fields[at_last], descending=chosen[0].descending)]


def order_by(sorting: Sequence[Sorting]) -> str:
    """Return the clause."""
    return ", ".join(
        f"{one.field.sortable} {'DESC' if one.descending else 'ASC'}" for one in sorting
    )


def keys(sorting: Sequence[Sorting]) -> str:
    """Return what to select beside the rows, to know where a page ended."""
    return f"ARRAY[{', '.join(f'({one.field.sortable})::text' for one in sorting)}]"


def after(sorting: Sequence[Sorting], values: Sequence[str], first: int) -> Condition:
    """Return the condition that a row comes after the one that had these values."""
    ways = []
    for n, one in enumerate(sorting):
        same = [f"{before.field.sortable} = {_place(before, first + m)}"
                for m, before in enumerate(sorting[:n])]  # fmt: skip
        beyond = f"{one.field.sortable} {'<' if one.descending else '>'} {_place(one, first + n)}"
        ways.append("(" + " AND ".join([*same, beyond]) + ")")
    return Condition("(" + " OR ".join(ways) + ")", values)


def token(question: Sequence[str], values: Sequence[str]) -> str:
    """Return the token of the page after the one that ended with these values."""
    text = json.dumps([_digest(question), *values], ensure_ascii=False, separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def values_of(page_token: str, question: Sequence[str], count: int) -> list[str] | None:
    """Return where the page before ended; None for the first page. Raises PageTokenInvalid."""
    if not page_token:
        return None
    try:
        digest, *values = json.loads(urlsafe_b64decode(page_token + "=" * (-len(page_token) % 4)))
    except (ValueError, TypeError, RecursionError):
        raise PageTokenInvalid("this is not a page token") from None
    if digest != _digest(question):
        raise PageTokenInvalid("the page token is of another filter or order")
    if len(values) != count or not all(isinstance(value, str) for value in values):
        raise PageTokenInvalid("this is not a page token of this list")
    return [str(value) for value in values]


def _sorting(part: str, fields: Mapping[str, Field]) -> Sorting:
    written = re.fullmatch(r"\s*(\S+)(?:\s+(asc|desc))?\s*", part)
    if written is None or written[1] not in fields:
        known = ", ".join(fields)
        raise FilterInvalid(f"{part.strip()!r} is not a field, asc or desc; fields: {known}", 0)
    return Sorting(fields[written[1]], written[2] == "desc")


def _place(sorting: Sorting, number: int) -> str:
    return f"${number}::text::{sorting.field.kind}"


def _digest(question: Sequence[str]) -> str:
    return sha256("\0".join(question).encode()).hexdigest()[:16]
