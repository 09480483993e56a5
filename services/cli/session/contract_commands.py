"""Commands made from the contract: one for each method that records one."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import typer
from google.protobuf.message import Message
from muster.v1.common_pb2 import CommandContext, Receipt
from rich.console import RenderableType
from rich.text import Text

from eventstore.recorder.event_ids import new_command_id
from services.cli.input import options
from services.cli.input.options import Help
from services.cli.output.answers import Output
from services.cli.session.contract import Method, texts_of
from services.cli.session.session import Session, runner

CONTEXT = "context"
OPENING = frozenset({"RaiseWarning", "ReportAlarm"})
"""Commands that may open an incident, and so can do without its id."""

KEYS = {"incident_id": "incident"}
"""What a key is called on a command line, where that is not the field's name."""


def add_command(app: typer.Typer, method: Method, *, role: str, name: str | None = None) -> None:
    """Make a command of a method: its key is an argument, its other fields are options."""
    fields = options.parameters(
        method.request,
        Help(method.texts(), method.required),
        skip={CONTEXT, method.key},
    )
    own = [_key(method), *fields, *_context()]

    async def ask(session: Session, **values: Any) -> None:
        request = method.new_request()
        setattr(request, method.key, values.pop(method.key) or "")
        options.fill(request, values)
        _set_context(request, values)
        receipt = await session.connection.record(method, request)
        session.output.show(receipt, _receipt(request, receipt, session.output))

    app.command(name or kebab(method.name), help=method.about)(runner(ask, own, role))


def new_context(
    reason: str = "", expected_version: int | None = None, *, validate_only: bool = False
) -> CommandContext:
    """Return how a command is asked that nobody asked before."""
    return CommandContext(
        command_id=str(new_command_id()),
        reason=reason,
        expected_version=expected_version,
        validate_only=validate_only,
    )


def kebab(name: str) -> str:
    """Return a name as a command line has it: `RaiseWarning` is `raise-warning`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def _key(method: Method) -> inspect.Parameter:
    name = KEYS.get(method.key, method.key)
    text = method.texts().get(method.key, "")
    if method.name in OPENING:
        shape = Annotated[str | None, typer.Option(f"--{name}", help=text)]
        return inspect.Parameter(
            method.key, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=shape
        )
    argument = Annotated[str, typer.Argument(metavar=name.upper(), help=text, show_default=False)]
    return inspect.Parameter(method.key, inspect.Parameter.KEYWORD_ONLY, annotation=argument)


def _context() -> list[inspect.Parameter]:
    """Return the options of how a command is asked."""
    texts = texts_of(CommandContext.DESCRIPTOR)
    asked = options.parameters(CommandContext.DESCRIPTOR, Help(texts), skip=())
    return [_in_panel(parameter) for parameter in asked]


def _in_panel(parameter: inspect.Parameter) -> inspect.Parameter:
    shape, option = parameter.annotation.__origin__, parameter.annotation.__metadata__[0]
    option.rich_help_panel = "How it is asked"
    return parameter.replace(annotation=Annotated[shape, option])


def _set_context(request: Message, values: dict[str, Any]) -> None:
    context: CommandContext = request.context  # type: ignore[attr-defined] # every command has it
    options.fill(context, values)
    context.command_id = str(_command_id(values["command_id"]))


def _command_id(given: str | None) -> UUID:
    try:
        return UUID(given) if given else new_command_id()
    except ValueError:
        raise typer.BadParameter(f"{given!r} is no UUID", param_hint="--command-id") from None


def _receipt(request: Message, receipt: Receipt, output: Output) -> Callable[[], RenderableType]:
    only: bool = request.context.validate_only  # type: ignore[attr-defined] # as above

    def show() -> RenderableType:
        about = receipt.incident_id or receipt.stream
        where = output.said(
            f"{about} 第 {receipt.version} 条，位置 {receipt.position}",
            f"{about} at version {receipt.version}, position {receipt.position}",
        )
        return Text.assemble((_outcome(receipt, output, only=only), "bold green"), "  ", where)

    return show


def _outcome(receipt: Receipt, output: Output, *, only: bool) -> str:
    kinds = ", ".join(receipt.kinds)
    if only:
        return output.said(f"将产生：{kinds or '无变化'}", f"would be: {kinds or 'no change'}")
    if not receipt.kinds:
        return output.said("本已如此，没有变化", "it is already so")
    if receipt.duplicate:
        return output.said(f"此前已记录：{kinds}", f"recorded before: {kinds}")
    return kinds
