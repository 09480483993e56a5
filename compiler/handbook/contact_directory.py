"""The contact directory; an edition with addresses, and one without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from compiler.drawing.localized import Localizer
from compiler.drawing.vocabulary import CHANNELS
from domain.plan.model.organisation import Contact

Numbers = Mapping[str, Mapping[str, str]]
"""Contact → channel, or what else people write such as `telephone` → address."""


class Row(NamedTuple):
    """A contact."""

    title: str
    roles: Sequence[str]
    channels: Sequence[str]
    """In the order in which they are tried, with addresses in the edition that has them."""
    verified: str


def contact_rows(say: Localizer, numbers: Numbers | None) -> Sequence[Row]:
    """Return the directory; without addresses unless some are given."""
    return [
        _row(say, contact, (numbers or {}).get(contact.id, {})) for contact in say.plan.contacts
    ]


def _row(say: Localizer, contact: Contact, known: Mapping[str, str]) -> Row:
    tried = [
        f"{say.text(CHANNELS[channel])} {known[channel]}"
        if channel in known
        else say.text(CHANNELS[channel])
        for channel in contact.channels
    ]
    others = [f"{name} {known[name]}" for name in known if name not in contact.channels]
    verified = str(contact.verified_on) if contact.verified_on else say.of("未核实", "never")
    return Row(say.text(contact.title), [*_roles(say, contact)], [*tried, *others], verified)


def _roles(say: Localizer, contact: Contact) -> Iterator[str]:
    for post in say.plan.posts.values():
        title = say.text(post.title)
        if post.holder == contact.id or any(one.holder == contact.id for one in post.shifts):
            yield title
        elif contact.id in post.members:
            yield say.of(f"{title}成员", f"{title}, member")
        elif contact.id in post.deputies:
            yield say.of(f"{title}副职", f"{title}, deputy")
    if contact.id in say.plan.notices.channels:
        yield say.of("公众信息渠道", "channel to the public")
