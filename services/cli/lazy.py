"""A group of commands that knows how each is listed, and imports one when it is run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group


class LazyCommand(NamedTuple):
    """A command, or a group of some, that is not imported yet."""

    help: str
    """Its line in lists: the first paragraph of its own help."""
    register: Callable[[typer.Typer], None]
    """Imports it and adds it to an application; others may be added with it."""

    def load(self, name: str) -> TyperCommand | TyperGroup:
        """Import the command of a name."""
        app = typer.Typer()
        self.register(app)
        command: Any = get_group(app).commands[name]
        return command  # type: ignore[no-any-return] # typer makes no other kind


class _Loaded(Mapping[str, TyperCommand | TyperGroup]):
    """Commands by their names; each is imported when it is taken."""

    def __init__(self, table: Mapping[str, LazyCommand]) -> None:
        self._table = table

    def __getitem__(self, name: str) -> TyperCommand | TyperGroup:
        return self._table[name].load(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


def lazy_group(table: Mapping[str, LazyCommand]) -> type[TyperGroup]:
    """Return the class of a group whose commands are those of a table, in its order."""

    class LazyGroup(TyperGroup):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.commands: Any = _Loaded(table)

        def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's
            return [*table]

        def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | None:  # noqa: ARG002 - typer's
            """Return what help and completion show of a command."""
            known = table.get(cmd_name)
            return TyperCommand(cmd_name, help=known.help) if known else None

        def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
            """Return the command itself, to be run or to be completed further."""
            name, shown, rest = super().resolve_command(ctx, args)
            return name, self.commands[name] if shown else None, rest

    return LazyGroup
