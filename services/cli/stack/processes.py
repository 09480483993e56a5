"""The local stack from the command line, and each of its processes alone."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer
from rich.table import Table
from rich.text import Text

from domain.texts import in_a_line, visible
from services.cli.output.formats import Form
from services.cli.output.terminal import Terminal, as_json
from services.local import stack
from services.local.folder import Folder, private
from services.local.stack import Ports
from services.runtime.exit_codes import Exit

if TYPE_CHECKING:
    from services.local.health import Health
    from services.runtime.settings.settings import Settings

T = TypeVar("T")

DETACHED_TIMEOUT_S = 90.0
POLL_S = 0.05

console = Terminal()
FolderOption = Annotated[
    Path,
    typer.Option("--folder", envvar="MUSTER_FOLDER", help="The stack's data folder."),
]
DEFAULT_FOLDER = Path(".muster")
FormOption = Annotated[Form, typer.Option("--output", "-o", help="For people, or for programs.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands of the stack."""
    for command in (up, status, down, doctor, migrate, recover, api, worker, follower, notary):
        app.command()(command)
    for name, commands in {"config": (show,), "mail": (inbox, read)}.items():
        group = typer.Typer(no_args_is_help=True, help=GROUPS[name])
        for one in commands:
            group.command(NAMES.get(one.__name__))(one)
        app.add_typer(group, name=name)


GROUPS = {
    "config": "What the processes were told.",
    "mail": "The mails that the local sink took.",
}
NAMES = {"inbox": "list", "read": "show"}


def up(  # noqa: PLR0913 - each is an option of the command
    folder: FolderOption = DEFAULT_FOLDER,
    api_port: Annotated[int, typer.Option(help="gRPC; 0 takes a free port.")] = 7460,
    temporal_port: Annotated[int, typer.Option(help="Temporal; 0 takes a free port.")] = 7461,
    mail_port: Annotated[int, typer.Option(help="The mail sink; 0 takes a free port.")] = 7462,
    temporal_ui_port: Annotated[
        int | None, typer.Option(help="Temporal's own web page; off unless given.")
    ] = None,
    *,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Run in the background.")] = False,
) -> None:
    """Start everything on this machine, in one process tree, until Ctrl-C."""
    place = Folder.at(folder)
    if detach and not _goes_on_in_background(place):
        return
    ports = Ports(api_port, temporal_port, mail_port, temporal_ui_port)
    _become("services.local", str(place.root), json.dumps(asdict(ports)))


def status(folder: FolderOption = DEFAULT_FOLDER, form: FormOption = Form.TABLE) -> None:
    """Say what runs, how far each follower is, and what is delayed."""
    from services.local.clock_lines import clock_line  # noqa: PLC0415 - as below
    from services.local.health import Health, look  # noqa: PLC0415 - only this command needs it all

    running = stack.running(Folder.at(folder))
    if running is None:
        fail(f"no stack runs in {Folder.at(folder).root}: `muster up` starts one")
    settings = settings_of(folder)
    seen = asyncio.run(look(running, settings.overdue))
    clock = asyncio.run(clock_line(settings))
    _show(f"muster in {running.folder.root}", Health((*seen.lines, clock)), form)


def down(folder: FolderOption = DEFAULT_FOLDER) -> None:
    """Stop everything that runs in a folder."""
    stopped = stack.down(Folder.at(folder))
    console.print("stopped" if stopped else f"nothing runs in {Folder.at(folder).root}")


def doctor(folder: FolderOption = DEFAULT_FOLDER, form: FormOption = Form.TABLE) -> None:
    """Check programs, ports, database, Temporal, clock and disk of this machine."""
    from services.local.doctor import examine  # noqa: PLC0415 - as above
    from services.runtime import logs  # noqa: PLC0415 - only this command needs all of it
    from services.runtime.settings.settings import Log  # noqa: PLC0415 - as above

    logs.configure(Log(level="error"), "doctor")
    place = Folder.at(folder)
    found = asyncio.run(examine(place, settings_of(folder), stack.running(place)))
    _show("muster doctor", found, form)


def migrate(folder: FolderOption = DEFAULT_FOLDER) -> None:
    """Bring the database up to date, as its owner."""
    from eventstore.postgres import migrations  # noqa: PLC0415 - only this command needs it

    dsn = settings_of(folder).database.owner_dsn
    if dsn is None:
        fail("database.owner_dsn is not set: migrations need the owner of the schema")
    applied = _told(migrations.migrate(dsn.get_secret_value()))
    console.print("\n".join(applied) if applied else "up to date")


def recover(
    folder: FolderOption = DEFAULT_FOLDER,
    within: Annotated[
        float, typer.Option(min=1, help="Seconds that the workflows have to move on.")
    ] = 60.0,
    *,
    also_newer: Annotated[
        bool,
        typer.Option(
            help="Take incidents back from a newer version that has no worker any more, after it "
            "was rolled back."
        ),
    ] = False,
) -> None:
    """Begin the workflows of open incidents anew where needed, and see that each moves on."""
    from services.follower.recovery import recover as restart  # noqa: PLC0415 - only this command needs it

    recovering = restart(settings_of(folder), console.print, within, also_newer=also_newer)
    count = _told(recovering)
    console.print(f"recovered: {count}")


def api() -> None:
    """Run the gRPC service alone, as the settings say."""
    _become("services.process", "api")


def worker() -> None:
    """Run the workflows and the hands alone, as the settings say."""
    _become("services.process", "worker")


def follower() -> None:
    """Run the views and the relay alone, as the settings say."""
    _become("services.process", "follower")


def notary(
    new_key: Annotated[
        str,
        typer.Option(help="Make the signing key under this name, such as `example.org/log`."),
    ] = "",
) -> None:
    """Run the notary alone, as the settings say: it signs what the log was."""
    if not new_key:
        _become("services.process", "notary")
    from services.notary.main import KeyUnusable, make_key  # noqa: PLC0415 - only this command needs it
    from services.runtime.settings import settings as configuration  # noqa: PLC0415 - the stack starts without

    try:
        signer = make_key(configuration.load().notary.key_file, new_key)
    except (KeyUnusable, configuration.SettingsInvalid) as error:
        fail(str(error), Exit.USAGE)
    sys.stdout.write(f"{signer.verifier.vkey}\n")


def show(folder: FolderOption = DEFAULT_FOLDER) -> None:
    """Print the settings in force, secrets hidden."""
    from services.runtime.settings.settings import redacted  # noqa: PLC0415 - the stack starts without

    shown = redacted(settings_of(folder))
    sys.stdout.write(as_json(shown, 2) + "\n")


def inbox(folder: FolderOption = DEFAULT_FOLDER, form: FormOption = Form.TABLE) -> None:
    """List the mails that the local sink took, oldest first."""
    from services.local import mail_sink  # noqa: PLC0415 - only these commands need it

    mails = mail_sink.kept(Folder.at(folder).mail)
    if form is Form.JSON:
        keys = ("X-Envelope-To", "Subject", "Date", "Message-ID")
        listed = [{key: str(mail[key]) for key in keys} for mail in mails]
        sys.stdout.write(as_json(listed, 2) + "\n")
        return
    table = Table("no.", "to", "subject", "date")
    for number, mail in enumerate(mails, start=1):
        table.add_row(
            str(number), str(mail["X-Envelope-To"]), str(mail["Subject"]), str(mail["Date"])
        )
    Terminal(markup=False).print(table)


def read(number: int, folder: FolderOption = DEFAULT_FOLDER) -> None:
    """Print one mail as its reader sees it, by its number in the list."""
    from services.local import mail_sink  # noqa: PLC0415 - only these commands need it

    mails = mail_sink.kept(Folder.at(folder).mail)
    if not 1 <= number <= len(mails):
        fail(f"there are {len(mails)} mails, from 1 on", Exit.NOT_FOUND)
    mail = mails[number - 1]
    head = "".join(f"{name}: {in_a_line(value)}\n" for name, value in mail.items())
    body: Any = mail.get_payload(decode=True)  # bytes, for no mail of ours has parts
    sys.stdout.write("\n".join((head, *map(visible, body.decode().splitlines()), "")))


def _show(title: str, seen: Health, form: Form) -> NoReturn:
    if form is Form.JSON:
        sys.stdout.write(json.dumps(seen.as_json(), indent=2) + "\n")
    else:
        table = Table(title=title, title_justify="left")
        for column in ("part", "state", "what"):
            table.add_column(column, overflow="fold")
        for line in seen.lines:
            table.add_row(line.part, f"[{line.colour}]{line.state}[/]", line.what)
        console.print(table)
    raise typer.Exit(Exit.OK if seen.is_well else Exit.UNAVAILABLE)


def settings_of(folder: Path) -> Settings:
    """Read the settings; of the stack in the folder, if one runs there."""
    from services.runtime.settings import settings as configuration  # noqa: PLC0415 - the stack starts without

    running = stack.running(Folder.at(folder))
    if running is not None:
        for key, value in running.environment().items():
            os.environ.setdefault(key, value)
    try:
        return configuration.load()
    except configuration.SettingsInvalid as error:
        fail(str(error), Exit.USAGE)


def _told(work: Coroutine[Any, Any, T]) -> T:
    """Do some work; what it fails with is told, not traced."""
    try:
        return asyncio.run(work)
    except Exception as error:  # noqa: BLE001 - the process's edge
        fail(f"{type(error).__name__}: {error}")


def _become(module: str, *words: str) -> NoReturn:
    """Run a module in this process, which keeps nothing of the command line in its memory."""
    environment = {**os.environ, "PYTHONPATH": stack.import_path()}
    sys.stdout.flush()
    given = (sys.executable, "-P", "-m", module, *words)
    os.execve(sys.executable, given, environment)  # noqa: S606 - this program itself


def _goes_on_in_background(folder: Folder) -> bool:
    """Part ways: here wait until the stack serves, and return False; there go on, and return True.

    A fork, since nothing has begun yet.
    """
    folder.make()
    log = folder.logs / "supervisor.log"
    child = os.fork()
    if child == 0:
        os.setsid()
        with private(), log.open("ab") as output, Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        return True
    deadline = time.monotonic() + DETACHED_TIMEOUT_S
    while (running := stack.running(folder)) is None or running.pid != child:
        ended, _ = os.waitpid(child, os.WNOHANG)
        if ended or time.monotonic() > deadline:
            lines = log.read_text(encoding="utf-8").splitlines()
            fail("\n".join(lines[-3:]) or f"see {log}")
        time.sleep(POLL_S)
    console.print(f"serving on {running.api}; `muster down` stops it")
    return False


def fail(text: str, code: Exit = Exit.UNAVAILABLE) -> NoReturn:
    complain(text)
    raise typer.Exit(code)


def complain(text: str) -> None:
    """Say what went wrong, on standard error."""
    said = Text.assemble(("muster:", "red"), f" {text}")
    Terminal(stderr=True).print(said, highlight=False, soft_wrap=True)
