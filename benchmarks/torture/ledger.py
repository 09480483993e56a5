"""What the load writes: lines of books, of which the checker can say what they must be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from domain.decider import CommandEnvelope, Decider, Refused
from domain.values import Actor, Command, Event, Role

CATEGORY = "book"
CLERK = Actor("clerk", frozenset({Role.RESPONDER}))


class LineEntered(Event):
    """A line stands in a book."""

    kind: Literal["LineEntered"] = "LineEntered"
    line: int
    """Its place in the book, as the decision saw it: the version of the stream."""
    text: str


class EnterLines(Command):
    """Enter lines below each other: never already so, whatever the book has."""

    kind: Literal["EnterLines"] = "EnterLines"
    texts: tuple[str, ...]


class Book(NamedTuple):
    """How many lines it has."""

    lines: int = 0


def evolve(book: Book, fact: Event) -> Book:
    """Fold."""
    del fact
    return Book(book.lines + 1)


def decide(
    book: Book, asked: CommandEnvelope, now: datetime, around: object
) -> Sequence[Event] | Refused:
    """Enter lines, numbered on from those that are there."""
    del now, around
    command = asked.command
    assert isinstance(command, EnterLines)
    return [
        LineEntered(line=book.lines + number, text=text)
        for number, text in enumerate(command.texts, 1)
    ]


BOOKS = Decider(CATEGORY, Book(), {"LineEntered": LineEntered}, evolve, decide)
