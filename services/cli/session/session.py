"""What every command shares: the service it talks to, who asks, the language, the form."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import grpc
import typer

from services.cli.output.answers import Output
from services.cli.output.failure import Failure, failure_of
from services.cli.output.formats import Form
from services.cli.session.connection import Connection, connect
from services.cli.session.log_check import Contact, check_log_key
from services.runtime.exit_codes import Exit
from services.runtime.vocabulary import default_language

Action = Callable[..., Awaitable[None]]
Plain = Callable[..., None]


@dataclass(frozen=True)
class Session:
    """A command while it runs."""

    connection: Connection
    output: Output
    log_key: str = ""
    """The log's verifier key, if it was given."""


def _option(flags: str, text: str, shape: Any, default: object, env: str | None = None) -> Any:
    option = typer.Option(*flags.split(), help=text, envvar=env, rich_help_panel="Everywhere")
    return Annotated[shape, option], default


SAID: dict[str, Any] = {
    "form": _option("--output -o", "For people, or for programs.", Form, Form.TABLE),
    "language": _option("--lang", "zh or en; as the environment says.", str | None, None),
}
"""How every command answers: name, shape, default."""

COMMON: dict[str, Any] = {
    **SAID,
    "role": _option(
        "--as", "Whose token of the local stack is used.", str | None, None, "MUSTER_AS"
    ),
    "address": _option(
        "--address", "The service, as host:port.", str | None, None, "MUSTER_ADDRESS"
    ),
    "token_file": _option(
        "--token-file", "A file that holds a token.", Path | None, None, "MUSTER_TOKEN_FILE"
    ),
    "ca_file": _option(
        "--ca-file", "Certificates to trust; turns TLS on.", Path | None, None, "MUSTER_CA_FILE"
    ),
    "log_key": _option(
        "--log-key",
        "The log's verifier key; else the one that was shown first is trusted.",
        str,
        "",
        "MUSTER_LOG_KEY",
    ),
    "folder": _option(
        "--folder", "Where the local stack lives.", Path, Path(".muster"), "MUSTER_FOLDER"
    ),
}
"""What every command that asks the service takes, beside that."""


def action(
    app: typer.Typer, name: str, *, role: str, about: str | None = None, compares: bool = True
) -> Callable[[Action], Action]:
    """Make a command of a coroutine whose first argument is the session.

    `role` is whose token of the local stack it takes when nobody says. Beside what it does, the log
    is compared with the checkpoint that was kept of it, unless the command does that itself.
    """

    def decorate(function: Action) -> Action:
        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        app.command(name, help=about or inspect.getdoc(function))(
            runner(function, own, role, compares=compares)
        )
        return function

    return decorate


def offline(app: typer.Typer, name: str) -> Callable[[Plain], Plain]:
    """Make a command of a function whose first argument is the output: it needs no service."""

    def decorate(function: Plain) -> Plain:
        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        app.command(name, help=inspect.getdoc(function))(_offline_runner(function, own))
        return function

    return decorate


def where_needed(
    app: typer.Typer,
    name: str,
    *,
    role: str,
    without: Plain,
    unless: Callable[[Mapping[str, Any]], bool],
) -> Callable[[Action], Action]:
    """Make a command that asks the service, unless its options tell that it can do without."""

    def decorate(function: Action) -> Action:
        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        asking, alone = runner(function, own, role), _offline_runner(without, own)

        def run(**values: Any) -> None:
            if not unless(values):
                asking(**values)
                return
            needless = COMMON.keys() - SAID.keys()
            alone(**{key: value for key, value in values.items() if key not in needless})

        command = _as_command(run, function.__name__, own, COMMON)
        app.command(name, help=inspect.getdoc(function))(command)
        return function

    return decorate


def _offline_runner(function: Plain, own: Sequence[inspect.Parameter]) -> Callable[..., None]:
    def run(**values: Any) -> None:
        output = _output({name: values.pop(name) for name in SAID})
        try:
            function(output, **values)
        except Failure as failure:
            output.fail(failure)
            raise typer.Exit(failure.exit) from None

    return _as_command(run, function.__name__, own, SAID)


def runner(
    function: Action, own: Sequence[inspect.Parameter], role: str, *, compares: bool = True
) -> Callable[..., None]:
    """Return a command for typer: `own` are its options, beside those that all share."""

    def run(**values: Any) -> None:
        common = {name: values.pop(name) for name in COMMON}
        common["role"] = common["role"] or role
        bound = partial(function, **values)
        raise typer.Exit(_outcome(bound, common, compares=compares))

    return _as_command(run, function.__name__, own, COMMON)


def _as_command(
    run: Callable[..., None],
    name: str,
    own: Sequence[inspect.Parameter],
    shared: Mapping[str, Any],
) -> Callable[..., None]:
    """Give a function the signature that typer reads its options from."""
    last = [
        inspect.Parameter(one, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=shape)
        for one, (shape, default) in shared.items()
    ]
    options = [*(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own), *last]
    run.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined] # as typer reads it
    run.__annotations__ = {one.name: one.annotation for one in options}
    run.__name__ = name
    return run


def _output(common: Mapping[str, Any]) -> Output:
    return Output(common["language"] or default_language(), common["form"] is Form.JSON)


def _outcome(function: Action, common: dict[str, Any], *, compares: bool) -> Exit:
    output = _output(common)
    try:
        return asyncio.run(_within(function, output, common, compares=compares))
    except Failure as failure:
        output.fail(failure)
        return failure.exit
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK


async def _within(
    function: Action, output: Output, common: Mapping[str, Any], *, compares: bool
) -> Exit:
    if common["log_key"]:
        check_log_key(common["log_key"], output)
    async with connect(output.language, common) as connection:
        session = Session(connection, output, common["log_key"])
        if not compares:
            return await _ended(function, session)
        contact = Contact(connection, output, common["log_key"])
        contact.begin()
        return await contact.finish(await _ended(function, session))


async def _ended(function: Action, session: Session) -> Exit:
    try:
        await function(session)
    except Failure as failure:
        session.output.fail(failure)
        return failure.exit
    except grpc.aio.AioRpcError as error:
        broken = failure_of(error)
        session.output.fail(broken)
        return broken.exit
    return Exit.OK
