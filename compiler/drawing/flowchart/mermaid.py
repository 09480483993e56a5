"""The flowchart as Mermaid text, for wikis and documents that draw it themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from compiler.drawing.flowchart.stages import Stage, stages
from domain.plan.model.plan import Plan
from domain.texts import visible

SHAPES = {"panel": ("[", "]"), "gate": ("{{", "}}"), "end": ("([", "])")}
_MARKUP = re.compile(r'["#&<>`]')
"""What means something to Mermaid within quotes, or to the page that it is drawn on."""


def mermaid(plan: Plan, language: str) -> str:
    """Return the same stages as the drawn flowchart has, with the same ways between them."""
    told = stages(plan, language)
    return "\n".join(("flowchart TD", *_boxes(told), *_arrows(told))) + "\n"


def _boxes(told: Sequence[Stage]) -> Iterator[str]:
    for stage in told:
        opened, closed = SHAPES[stage.look]
        lines = "<br/>".join(_lines(stage))
        yield f'    {_name(stage.name)}{opened}"{lines}"{closed}'


def _lines(stage: Stage) -> Iterator[str]:
    yield f"<b>{_said(stage.title)}</b>"
    for chip in stage.chips:
        notes = f" ({_said(chip.notes)})" if chip.notes else ""
        yield f"{_said(chip.word)}: {_said(chip.says)}{notes}"
    yield from (_said(line) for line in (*stage.lines, *stage.notes))


def _arrows(told: Sequence[Stage]) -> Iterator[str]:
    for one, following in pairwise(told):
        yield f"    {_name(one.name)} --> {_beside(one.then)}{_name(following.name)}"
    for one in told:
        for detour in one.detours:
            yield f"    {_name(one.name)} --> {_beside(detour.text)}{_name(detour.target)}"


def _beside(text: str) -> str:
    return f'|"{_said(text)}"| ' if text else ""


def _name(stage: str) -> str:
    """Return a stage's name as Mermaid takes it; `end` alone is a word of its own."""
    return f"stage_{stage.replace('-', '_')}"


def _said(text: str) -> str:
    return _MARKUP.sub(lambda one: f"#{ord(one[0])};", visible(text))
