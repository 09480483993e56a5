"""What a client of the load wrote down: one JSON object per line, in its own file.

    {"asked": <command id>, "method": ...}
    {"acknowledged": <command id>, "stream": ..., "version": ..., "position": ..., "kinds": [...]}
    {"refused": <command id>, "reason": ...}
    {"wrong": <what no caller should ever be told>}

What was asked is written before it is asked; an acknowledgement is on the disk (fsync) before the
client counts on it. `kinds` is empty where nothing had to change.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """A receipt."""

    stream: str
    version: int
    position: int
    kinds: tuple[str, ...]


@dataclass
class Promise:
    """A command that was asked, and all answers to it."""

    method: str
    answers: list[Answer] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    @property
    def is_answered(self) -> bool:
        """Tell whether the client knows what came of it."""
        return bool(self.answers or self.refusals)

    @property
    def is_refused_only(self) -> bool:
        """Tell whether it was refused, and never acknowledged."""
        return bool(self.refusals and not self.answers)


@dataclass
class Promises:
    """Everything that the journals hold."""

    asked: dict[str, Promise] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, journals: Iterable[Path]) -> Promises:
        """Read the files. Half a line at the end of one was never written."""
        found = cls()
        for path in journals:
            for line in path.read_bytes().split(b"\n")[:-1]:
                found.take(path.name, json.loads(line))
        return found

    def take(self, name: str, entry: Mapping[str, Any]) -> None:
        """Take one line of a file."""
        match entry:
            case {"asked": command_id, "method": method}:
                if command_id in self.asked:
                    self.wrong.append(f"{name} asked {command_id} as if it were new")
                self.asked[command_id] = Promise(method)
            case {"acknowledged": command_id, "kinds": kinds, **told}:
                answer = Answer(told["stream"], told["version"], told["position"], tuple(kinds))
                self.asked[command_id].answers.append(answer)
            case {"refused": command_id, "reason": reason}:
                self.asked[command_id].refusals.append(reason)
            case {"wrong": what}:
                self.wrong.append(f"{name}: {what}")
