"""Bearer tokens from the command line."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from domain.values import Role
from services.cli.output.formats import Form
from services.cli.stack.processes import DEFAULT_FOLDER, FolderOption, FormOption, fail, settings_of
from services.local import tokens
from services.local.folder import Folder
from services.local.tokens import Listed, TokenUnknown
from services.runtime.exit_codes import Exit
from services.runtime.token_file import RevokedCertificate, TokensInvalid

OVERLAP = "24h"
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
SPAN_DAYS_MAX = 36_500

app = typer.Typer(no_args_is_help=True, help="Bearer tokens.")

ValidFor = Annotated[
    str | None, typer.Option(help="For how long it is good, such as 90d, 12h or 30m.")
]
Name = Annotated[str, typer.Argument(metavar="ID", help="As `muster token list` has it.")]


@app.command()
def new(
    actor: Annotated[str, typer.Option(help="Who the token stands for; ends up in the log.")],
    role: Annotated[list[Role], typer.Option(help="What they may do; may be repeated.")],
    venue: Annotated[
        list[str] | None, typer.Option(help="Only at these venues; at all when left out.")
    ] = None,
    valid_for: ValidFor = None,
    folder: FolderOption = DEFAULT_FOLDER,
) -> None:
    """Let somebody in. The token is printed once and kept nowhere; its hash is."""
    if Role.SYSTEM in role:
        fail("the role `system` is of the hands and the clock; no token carries it", Exit.USAGE)
    with _told():
        token = tokens.issue(_file(folder), actor, role, venue, _span(valid_for))
    sys.stdout.write(token + "\n")


@app.command(name="list")
def list_(folder: FolderOption = DEFAULT_FOLDER, output: FormOption = Form.TABLE) -> None:
    """List who is let in, by which entry, and until when."""
    with _told():
        entries = tokens.listed(_file(folder))
    if output is Form.JSON:
        shown = [{"id": one.id, **one.entry.model_dump(mode="json")} for one in entries]
        sys.stdout.write(json.dumps(shown, ensure_ascii=False, indent=2) + "\n")
        return
    now, table = datetime.now(UTC), Table("id", "actor", "roles", "venues", "known by", "until")
    for one in entries:
        table.add_row(*_row(one, now))
    Console().print(table)


@app.command()
def revoke(
    name: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="As `muster token list` has it.")
    ] = None,
    actor: Annotated[str | None, typer.Option(help="Every entry of this actor.")] = None,
    certificate: Annotated[
        Path | None, typer.Option(help="A client certificate in PEM, whatever it is signed by.")
    ] = None,
    serial: Annotated[
        str | None, typer.Option(help="A client certificate's serial number in hexadecimal.")
    ] = None,
    folder: FolderOption = DEFAULT_FOLDER,
) -> None:
    """Let somebody in no more. Their open streams and watches end within two seconds."""
    if sum(one is not None for one in (name, actor, certificate, serial)) != 1:
        fail("say which: an ID, --actor, --certificate or --serial", Exit.USAGE)
    file = _file(folder)
    with _told():
        if certificate is not None or serial is not None:
            tokens.revoke_certificate(file, _certificate(certificate, serial))
            return
        for one in tokens.revoke(file, name=name, actor=actor):
            sys.stdout.write(f"{one.id} {one.entry.actor}\n")


@app.command()
def rotate(
    name: Name,
    overlap: Annotated[
        str, typer.Option(help="For how long the old token is good beside the new one.")
    ] = OVERLAP,
    valid_for: ValidFor = None,
    folder: FolderOption = DEFAULT_FOLDER,
) -> None:
    """Make another token for the same actor. It is printed once; the old one expires."""
    both = _span(overlap)
    with _told():
        old, token = tokens.rotate(_file(folder), name, both or timedelta(), _span(valid_for))
        tokens.take_over(Folder.at(folder), old.entry, token)
    sys.stdout.write(token + "\n")


def _file(folder: Path) -> Path:
    return settings_of(folder).api.tokens_file


@contextmanager
def _told() -> Iterator[None]:
    """Say what is wrong with the file, or with what was asked."""
    try:
        yield
    except TokensInvalid as error:
        fail(str(error), Exit.USAGE)
    except TokenUnknown as error:
        fail(str(error), Exit.NOT_FOUND)
    except OSError as error:
        fail(f"{error.filename} can't be written: {error.strerror}", Exit.USAGE)


def _span(text: str | None) -> timedelta | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,7})([mhd])", text, re.ASCII)
    span = timedelta(**{UNITS[found[2]]: int(found[1])}) if found else None
    if span is None or span > timedelta(days=SPAN_DAYS_MAX):
        fail(f"{text} is no span: write 90d, 12h or 30m, at most {SPAN_DAYS_MAX}d", Exit.USAGE)
    return span


def _certificate(file: Path | None, serial: str | None) -> RevokedCertificate:
    if file is None:
        plain = (serial or "").replace(":", "").lower().removeprefix("serial=").lstrip("0")
        if not re.fullmatch(r"[0-9a-f]{1,40}", plain):
            fail(f"{serial} is no serial number: at most 40 hexadecimal digits", Exit.USAGE)
        return RevokedCertificate(serial=plain)
    from services.api.interceptors.certificates import Certificate  # noqa: PLC0415 - only this command needs it

    try:
        shown = Certificate.of(file.read_bytes())
    except OSError as error:
        fail(f"{file} can't be read: {error.strerror}", Exit.USAGE)
    except ValueError:
        fail(f"{file} holds no certificate in PEM", Exit.USAGE)
    return RevokedCertificate(sha256=shown.sha256)


def _row(one: Listed, now: datetime) -> tuple[str, ...]:
    entry = one.entry
    until = entry.expires_at.isoformat(timespec="minutes") if entry.expires_at else "-"
    return (
        one.id,
        entry.actor,
        ", ".join(sorted(entry.roles)),
        "all" if entry.venues is None else ", ".join(sorted(entry.venues)),
        entry.certificate or "token",
        until if one.is_in_force(now) else f"{until} (expired)",
    )
