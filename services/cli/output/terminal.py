"""What goes to a terminal: no control that a text brought along, only this program's own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.segment import Segment

from domain.texts import UNSEEN, visible

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderableType


class Terminal(Console):
    r"""A console that shows what can't be seen as an escape, such as `\x1b`."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Return the segments of what is shown."""
        for segment in super().render(renderable, options):
            if segment.control or not UNSEEN.search(segment.text):
                yield segment
            else:
                yield Segment(visible(segment.text), segment.style)


def as_json(value: object, indent: int | None = None) -> str:
    """Return a value as JSON in which what can't be seen is escaped: it reads back the same."""
    return seen_in_json(json.dumps(value, ensure_ascii=False, indent=indent))


def seen_in_json(text: str) -> str:
    """Return the same JSON with what can't be seen escaped."""
    return UNSEEN.sub(lambda found: json.dumps(found[0])[1:-1], text)
