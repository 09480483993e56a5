"""The secrets that webhooks are signed with, from the command line."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from activities.notification.channels.webhook_signatures import Secrets, SecretsUnusable, written
from services.cli.stack.processes import DEFAULT_FOLDER, FolderOption, fail, settings_of
from services.runtime.exit_codes import Exit

app = typer.Typer(no_args_is_help=True, help="Secrets that webhooks are signed with.")

Receiver = Annotated[str, typer.Argument(metavar="PERSON", help="The contact, as plans name it.")]


@app.command()
def secret(person: Receiver, folder: FolderOption = DEFAULT_FOLDER) -> None:
    """Print what a receiver verifies with: its secrets, the newest first."""
    secrets = _secrets(folder)
    try:
        found = secrets.of(person)
    except SecretsUnusable as error:
        fail(str(error), Exit.USAGE)
    if not found:
        fail("no webhook.key_file is there to derive a secret of", Exit.NOT_FOUND)
    sys.stdout.write("".join(f"{written(one)}\n" for one in found))


@app.command()
def rotate(person: Receiver, folder: FolderOption = DEFAULT_FOLDER) -> None:
    """Give a receiver a new secret and print it; those before it sign beside it until `retire`."""
    try:
        sys.stdout.write(f"{_secrets(folder).rotate(person)}\n")
    except SecretsUnusable as error:
        fail(str(error), Exit.USAGE)


@app.command()
def retire(person: Receiver, folder: FolderOption = DEFAULT_FOLDER) -> None:
    """Let only a receiver's newest secret sign, once the receiver has it."""
    try:
        sys.stdout.write(f"{_secrets(folder).retire(person)}\n")
    except SecretsUnusable as error:
        fail(str(error), Exit.USAGE)


def _secrets(folder: FolderOption) -> Secrets:
    chosen = settings_of(folder).webhook
    return Secrets(chosen.key_file, chosen.secrets_folder)
