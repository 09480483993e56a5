"""What can be said of a plan: kinds of findings, and findings."""

from __future__ import annotations

from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from domain.values import Text

if TYPE_CHECKING:
    from collections.abc import Iterable


class Severity(StrEnum):
    """Whether a plan with the finding may come into force."""

    ERROR = "error"
    WARNING = "warning"


class Kind(NamedTuple):
    """Names a kind of finding, for people, programs and suppressions."""

    code: str
    severity: Severity
    zh: str
    """What is said of it, with `{names}` of what was found."""
    en: str
    why: Text | None = None
    """Why it matters."""
    mend: Text | None = None
    """What to write instead."""
    source: str | None = None
    """The law, standard or study that asks for it."""
    example: str = ""
    """Changes to the example plan that lead to it: a line each, `<JSON pointer>: <YAML>`.

    `-` instead of a value removes the field; a pointer that ends in `/-` adds to a list.
    """


class Finding(NamedTuple):
    """Something that a plan says and should not, or should say and doesn't."""

    kind: Kind
    where: str
    """A JSON pointer into the plan: `/tasks/3/post`."""
    what: Text
    meant: str | None = None
    """The known name that is nearest to an unknown one."""

    @property
    def code(self) -> str:
        """Return the name of its kind."""
        return self.kind.code

    @property
    def severity(self) -> Severity:
        """Return how grave it is."""
        return self.kind.severity

    @property
    def is_error(self) -> bool:
        """Tell whether the plan can't come into force with it."""
        return self.severity is Severity.ERROR


def finding(kind: Kind, where: str, **found: object) -> Finding:
    """Return a finding with what was found filled into its text."""
    return Finding(kind, where, Text.of(kind.zh.format(**found), kind.en.format(**found)))


def unknown(kind: Kind, where: str, name: str, known: Iterable[str]) -> Finding:
    """Return a finding about a name that nothing has, with the nearest one that something has."""
    nearest = get_close_matches(name, list(known), n=1)
    return finding(kind, where, name=name)._replace(meant=nearest[0] if nearest else None)
