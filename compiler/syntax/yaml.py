"""YAML with positions: a plan's text as plain values that remember their line and column.

Built from the parser's events, so that neither depth nor aliases can make it grow: nothing is
constructed but text, numbers, booleans, lists and mappings. Plain words are read as YAML 1.2 reads
them: `yes`, `on` and `12:30` are text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import yaml

from compiler.diagnostics.faults import Fault
from compiler.syntax.scalars import resolved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SIZE_MAX = 1024 * 1024
"""Bytes of a plan's text, in UTF-8."""
DEPTH_MAX = 32
"""Lists and mappings inside each other."""
NODES_MAX = 100_000
"""Values in a plan, those behind an alias counted again wherever it stands."""
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser where there is one, else Python's, which is slower and means the same."""

NOT_ALLOWED = yaml.reader.Reader.NON_PRINTABLE
"""Characters that a text can't hold: NUL, most controls, halves of surrogate pairs."""

LINE_BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
"""What YAML counts as the end of a line."""

_NEW = tuple.__new__
"""Makes a named tuple in half the time."""

Path = tuple[str | int, ...]
Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]


class Position(NamedTuple):
    """A place in the text: line and column from 1, and how many characters to underline."""

    line: int = 1
    column: int = 1
    length: int = 1
    page: int = 0
    """Of several files, which; from 0."""


class SyntaxFault(Exception):
    """The text is not the YAML of a plan."""

    def __init__(self, fault: Fault, spot: Position, **found: str) -> None:
        """Say what is wrong, where, and what was found there."""
        super().__init__(fault)
        self.fault, self.spot, self.found = fault, spot, found


@dataclass(slots=True)
class Node:
    """A value in the text."""

    spot: Position
    value: str | int | float | bool | list[Node] | dict[str, Node] | None = None
    keys: dict[str, Position] = field(default_factory=dict)
    """Where each key of a mapping stands."""
    size: int = 1
    """Values in it, itself included."""
    is_open: bool = False


class Document(NamedTuple):
    """A plan's text, read but not yet understood."""

    root: Node

    @property
    def plain(self) -> Plain:
        """Return the plain value."""
        return _plain(self.root)

    def spot(self, path: Path, *, key: bool = False) -> Position:
        """Return where a value stands, or its key, or what is nearest to something missing."""
        node, spot = self.root, self.root.spot
        for step in path:
            inner = _inner(node, step)
            if inner is None:
                break
            spot = node.keys[str(step)] if key and str(step) in node.keys else inner.spot
            node = inner
        return spot

    def path(self, pointer: str) -> Path:
        """Return the path that a JSON pointer takes through this document."""
        return tuple(int(step) if step.isdecimal() else step for step in pointer.split("/")[1:])


def limit(source: str | bytes) -> None:
    """Raise SyntaxFault if a text is too large to be a plan."""
    text = source if isinstance(source, bytes) else source.encode("utf-8", "surrogatepass")
    if len(text) > SIZE_MAX:
        raise SyntaxFault(Fault.TOO_LARGE, Position(), limit=str(SIZE_MAX))


def read(text: str, page: int = 0) -> Document:
    """Read the text of one document, or raise SyntaxFault."""
    try:
        return Document(_Reading(page).document(yaml.parse(text, Loader=LOADER)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        spot = Position(*place, page=page)
        raise SyntaxFault(Fault.YAML_SYNTAX, spot, problem=error.problem or str(error)) from error
    except (yaml.reader.ReaderError, UnicodeEncodeError) as error:
        raise SyntaxFault(Fault.CHARACTER_NOT_ALLOWED, _unreadable(text, page)) from error


@dataclass(slots=True)
class _Reading:
    """One pass over the parser's events."""

    page: int = 0
    anchors: dict[str, Node] = field(default_factory=dict)
    stack: list[Node] = field(default_factory=list)
    waiting: list[tuple[str, Position] | None] = field(default_factory=list)
    """For each open mapping the key whose value comes next."""
    roots: list[Node] = field(default_factory=list)
    nodes: int = 0

    def document(self, events: Iterator[yaml.Event]) -> Node:
        """Return the only document's value."""
        scalar = self.scalar
        for event in events:
            match event:
                case yaml.ScalarEvent():  # most are
                    scalar(event)
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self.begin(event)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self.end()
                case yaml.AliasEvent():
                    self.alias(event)
                case _:
                    continue
        if not self.roots:
            raise SyntaxFault(Fault.NOT_A_PLAN, Position(page=self.page))
        return self.roots[0]

    def begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        spot = _start(event, self.page)
        if len(self.stack) >= DEPTH_MAX:
            raise SyntaxFault(Fault.TOO_DEEP, spot, limit=str(DEPTH_MAX))
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        node = Node(spot, {} if is_mapping else [], is_open=True)
        self.no_tag(event, "tag:yaml.org,2002:map" if is_mapping else "tag:yaml.org,2002:seq")
        self.place(node, event.anchor)
        self.stack.append(node)
        self.waiting.append(None)

    def end(self) -> None:
        node = self.stack.pop()
        self.waiting.pop()
        node.is_open = False
        if self.stack:
            self.stack[-1].size += node.size - 1

    def scalar(self, event: yaml.ScalarEvent) -> None:
        if event.tag is not None:
            self.no_tag(event, "tag:yaml.org,2002:str")
        spot = _start(event, self.page)
        value = event.value
        if event.style == '"' and NOT_ALLOWED.search(value):  # by an escape: only there are any
            raise SyntaxFault(Fault.CHARACTER_NOT_ALLOWED, spot)
        if self.wants_key:
            self.key(value, spot)
            return
        is_word = event.implicit[0] and not event.tag
        self.place(Node(spot, resolved(value) if is_word else value), event.anchor)

    def alias(self, event: yaml.AliasEvent) -> None:
        spot = _start(event, self.page)
        known = self.anchors.get(event.anchor or "")
        if known is None or self.wants_key:
            raise SyntaxFault(Fault.ALIAS_UNKNOWN, spot, name=str(event.anchor))
        if known.is_open:
            raise SyntaxFault(Fault.ALIAS_RECURSIVE, spot, name=str(event.anchor))
        self.place(Node(spot, known.value, known.keys, known.size), None)

    def key(self, name: str, spot: Position) -> None:
        known = self.stack[-1].keys.get(name)
        if known is not None:
            raise SyntaxFault(Fault.KEY_DUPLICATE, spot, name=name, line=str(known.line))
        self.waiting[-1] = (name, spot)

    def place(self, node: Node, anchor: str | None) -> None:
        """Put a value where it belongs."""
        self.nodes += node.size
        if self.nodes > NODES_MAX:
            raise SyntaxFault(Fault.TOO_MANY_VALUES, node.spot, limit=str(NODES_MAX))
        if anchor is not None:
            self.anchors[anchor] = node
        if not self.stack:
            self.root(node)
            return
        above = self.stack[-1]
        above.size += node.size
        if isinstance(above.value, list):
            above.value.append(node)
        elif isinstance(above.value, dict):
            waiting = self.waiting[-1]
            if waiting is None:
                raise SyntaxFault(Fault.KEY_NOT_TEXT, node.spot)
            name, above.keys[name] = waiting[0], waiting[1]
            above.value[name] = node
            self.waiting[-1] = None

    def root(self, node: Node) -> None:
        if self.roots:
            raise SyntaxFault(Fault.SECOND_DOCUMENT, node.spot)
        if not isinstance(node.value, dict):
            raise SyntaxFault(Fault.NOT_A_PLAN, node.spot)
        self.roots.append(node)

    def no_tag(self, event: yaml.NodeEvent, allowed: str) -> None:
        tag = getattr(event, "tag", None)
        if tag not in {None, "!", allowed}:
            raise SyntaxFault(Fault.TAG_NOT_ALLOWED, _start(event, self.page), name=str(tag))

    @property
    def wants_key(self) -> bool:
        """Tell whether the next value is a mapping's key."""
        return bool(self.stack) and isinstance(self.stack[-1].value, dict) and not self.waiting[-1]


def _start(event: yaml.Event, page: int) -> Position:
    start, end = event.start_mark, event.end_mark
    assert start is not None, "every event of a text has its marks"  # noqa: S101 - an invariant
    assert end is not None, "every event of a text has its marks"  # noqa: S101 - an invariant
    line, column = start.line, start.column
    one_line = line == end.line and isinstance(event, (yaml.ScalarEvent, yaml.AliasEvent))
    length = max(1, end.column - column) if one_line else 1
    return _NEW(Position, (line + 1, column + 1, length, page))


def _plain(node: Node) -> Plain:
    match node.value:
        case dict() as fields:
            return {name: _plain(inner) for name, inner in fields.items()}
        case list() as items:
            return [_plain(item) for item in items]
        case scalar:
            return scalar


def _inner(node: Node, step: str | int) -> Node | None:
    inner: Mapping[str, Node] | Sequence[Node]
    match node.value:
        case dict() as inner:
            return inner.get(str(step))
        case list() as inner:
            return inner[step] if isinstance(step, int) and step < len(inner) else None
        case _:
            return None


def _unreadable(text: str, page: int) -> Position:
    """Return where the first character stands that YAML does not allow."""
    found = NOT_ALLOWED.search(text)
    return after(text[: found.start()] if found else "", page)


def after(text: str, page: int = 0) -> Position:
    """Return the place where a text ends."""
    lines = LINE_BREAK.split(text)
    return Position(len(lines), len(lines[-1]) + 1, page=page)
