"""How much room a text takes, for pictures that are laid out before any browser sees them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

NARROW_EM = 0.57
"""Of a letter's height: what a Latin letter is wide on average, a little more than most are."""
CAPITAL_EM = 0.7
LINE_EM = 1.4
"""From one line to the next."""

NOT_FIRST = frozenset("，。、；：！？）》”,.;:!?)]}…·")
"""What no line begins with."""


def width(text: str, size: float) -> float:
    """Return how wide a line of text is, in the unit of its size."""
    return size * sum(_em(letter) for letter in text)


def wrapped(text: str, size: float, room: float) -> Sequence[str]:
    """Break a text into lines no wider than there is room: between words, or Chinese characters."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        if line and width((line + piece).rstrip(), size) > room and piece[0] not in NOT_FIRST:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, line.rstrip()] if line.strip() else lines


def shortened(text: str, size: float, room: float) -> str:
    """Return a text that fits, with an ellipsis where something was left out."""
    if width(text, size) <= room:
        return text
    while text and width(f"{text}…", size) > room:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _em(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    return CAPITAL_EM if letter.isupper() or letter in "—→…%@mwMW" else NARROW_EM


def _pieces(text: str) -> Iterator[str]:
    """Yield what must stay together: a word with the space after it, or one Chinese character."""
    word = ""
    for letter in text:
        if unicodedata.east_asian_width(letter) in "WF":
            if word:
                yield word
                word = ""
            yield letter
        else:
            word += letter
            if letter == " ":
                yield word
                word = ""
    if word:
        yield word
