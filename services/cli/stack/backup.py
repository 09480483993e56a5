"""`muster backup` and `muster restore`: the log in one place, the keys of personal data apart."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from eventstore.backup import backup as backups
from eventstore.backup import vault_backup as vaults
from eventstore.backup.manifest import BackupInvalid, LogManifest, VaultManifest, newest
from eventstore.postgres.provision import create_database
from eventstore.privacy.sealed import VaultBroken
from eventstore.privacy.shares import Shares
from eventstore.privacy.vault import read_key
from services.cli.output.formats import Form
from services.cli.output.terminal import Terminal, as_json
from services.local import stack
from services.local.child import ChildProcess
from services.local.folder import Folder, private
from services.local.postgres import DATABASE, OWNER, Postgres, find_programs
from services.local.stack import Ports, environment, held, recipes
from services.runtime.exit_codes import Exit
from services.runtime.failures import StackFailed
from services.runtime.settings import settings as configuration
from services.runtime.vault import open_vault

T = TypeVar("T")

PROGRAMS = ("pg_dump", "pg_restore")
OWNER_VARIABLE = "MUSTER_DATABASE__OWNER_DSN"
ASIDE = "before-restore"

StackOption = Annotated[
    Path, typer.Option("--folder", envvar="MUSTER_FOLDER", help="The stack's data folder.")
]
VaultOption = Annotated[
    Path | None,
    typer.Option("--vault", help="The keys of personal data: a folder elsewhere than the log's."),
]
FormOption = Annotated[Form, typer.Option("--output", "-o", help="For people, or for programs.")]
STACK = Path(".muster")


def backup(
    into: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to; a new one inside.")],
    vault: VaultOption = None,
    folder: StackOption = STACK,
    form: FormOption = Form.TABLE,
) -> None:
    """Save the log, read the file again and verify it; with --vault the keys, in another place."""
    place, kept = into.resolve(), vault.resolve() if vault else None
    if kept is not None and (kept.is_relative_to(place) or place.is_relative_to(kept)):
        _fail("the keys must not lie with the log: name a --vault folder elsewhere", Exit.USAGE)
    chosen = _settings(folder)
    if chosen.database.owner_dsn is None:
        _fail(f"{OWNER_VARIABLE} is not set, and no stack runs in {folder}", Exit.USAGE)
    dsn = chosen.database.owner_dsn.get_secret_value()
    manifest = _done(_save(chosen, dsn, place, kept, form))
    if manifest.unsound:
        _fail(f"saved, but the log is not sound: {manifest.unsound}", Exit.VERIFICATION_FAILED)


def restore(
    source: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="One backup, or a folder of them: the newest."),
    ],
    vault: VaultOption = None,
    folder: StackOption = STACK,
    form: FormOption = Form.TABLE,
) -> None:
    """Bring a log, and with --vault its keys, into an empty database, and verify it there."""
    place = Folder.at(folder)
    if stack.running(place) is not None:
        _fail(f"a stack runs in {place.root}: `muster down` stops it", Exit.USAGE)
    chosen = _settings(folder)
    if chosen.database.owner_dsn is not None:
        dsn = chosen.database.owner_dsn.get_secret_value()
        _done(_restore(chosen, dsn, source, vault, form))
        return
    _done(_restore_here(place, source, vault, form))


def rewrap(folder: StackOption = STACK) -> None:
    """Wrap the keys of personal data with a new key: what the old one wrapped is dead then."""
    chosen = _settings(folder)
    if chosen.vault.previous_key_file is None:
        _fail("vault.previous_key_file is not set: which key wrapped them before?", Exit.USAGE)
    Terminal().print(f"{_done(_rewrapped(chosen))} keys", highlight=False)


async def _rewrapped(chosen: configuration.Settings) -> int:
    vault = await open_vault(chosen.database.dsn.get_secret_value(), chosen.vault)
    try:
        return await vault.rewrap()
    finally:
        await vault.close()


async def _save(
    chosen: configuration.Settings, dsn: str, into: Path, vault: Path | None, form: Form
) -> LogManifest:
    programs = _programs()
    with _told(form) as tell:
        where, manifest = await backups.save_log(programs, dsn, into, tell)
    _say(form, "log", where, manifest)
    if vault is not None:
        key = read_key(chosen.vault.key_file)
        keep, shares = _keeping(chosen)
        kept, keys = await vaults.save_vault(programs, dsn, vault, key, keep, shares)
        _say(form, "vault", kept, keys)
    return manifest


async def _restore(
    chosen: configuration.Settings, dsn: str, source: Path, vault: Path | None, form: Form
) -> LogManifest:
    programs, where = _programs(), newest(source)
    keys = newest(vault) if vault is not None else None
    with _told(form) as tell:
        manifest = await backups.restore_log(programs, dsn, where, tell)
    _say(form, "log", where, manifest)
    if keys is not None:
        key = read_key(chosen.vault.key_file)
        keep, shares = _keeping(chosen)
        brought = await vaults.restore_vault(programs, dsn, keys, key, keep, shares)
        _say(form, "vault", keys, brought)
    return manifest


def _keeping(chosen: configuration.Settings) -> tuple[timedelta, Shares | None]:
    """Return for how long backups of keys are kept, and where the shares are."""
    folder = chosen.vault.shares_folder
    return timedelta(days=chosen.backup.vault_days), None if folder is None else Shares(folder)


async def _restore_here(place: Folder, source: Path, vault: Path | None, form: Form) -> LogManifest:
    """Restore into this machine's own stack, whose workflows then begin anew from the log."""
    async with _database_alone(place) as dsn:
        chosen = configuration.load()
        manifest = await _restore(chosen, dsn, source, vault, form)
        await backups.settle(dsn)
    for file in place.root.glob(f"{place.temporal.name}*"):
        if ASIDE not in file.name:
            file.replace(file.with_name(f"{file.name}.{ASIDE}"))
    return manifest


@asynccontextmanager
async def _database_alone(place: Folder) -> AsyncIterator[str]:
    """Run the stack's PostgreSQL and nothing else, with an empty database if there was none."""
    place.make()
    with private(), held(place):
        for name, text in environment(place, Ports()).items():
            os.environ.setdefault(name, text)
        postgres = Postgres(place)
        await asyncio.to_thread(postgres.prepare)
        part = ChildProcess(recipes(place, Ports())["postgres"], place.run, place.logs)
        await part.start()
        try:
            await create_database(postgres.dsn(OWNER, "postgres"), DATABASE)
            yield postgres.dsn(OWNER)
        finally:
            await part.stop()


def _programs() -> Path:
    """Return the folder of pg_dump and pg_restore: the stack's own, else those in PATH."""
    for found in (find_programs(), *(_folder_of(name) for name in PROGRAMS[:1])):
        if found is not None and all((found / name).exists() for name in PROGRAMS):
            return found
    raise StackFailed("there is no pg_dump and pg_restore: set MUSTER_POSTGRES_BIN")


def _folder_of(program: str) -> Path | None:
    found = shutil.which(program)
    return Path(found).parent if found else None


@contextmanager
def _told(form: Form) -> Iterator[Callable[[str, int, int], None]]:
    """Show how far it is, to people."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    quiet = form is Form.JSON
    with Progress(*columns, console=Terminal(stderr=True), transient=True, disable=quiet) as bar:
        tasks: dict[str, Any] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield tell


def _say(form: Form, what: str, where: Path, manifest: LogManifest | VaultManifest) -> None:
    if form is Form.JSON:
        said = {"kind": what, "folder": str(where), **manifest.model_dump(mode="json")}
        sys.stdout.write(as_json(said) + "\n")
        return
    match manifest:
        case LogManifest():
            text = f"{manifest.position} events, the last one {manifest.hash[:16] or '—'}"
        case VaultManifest():
            until = f"{manifest.expires_at:%Y-%m-%d %H:%M} UTC"
            text = f"{manifest.keys} keys, to be kept, in any copy, until {until} at most"
    Terminal().print(f"{what}: {text}, {where}", highlight=False, soft_wrap=True)


def _settings(folder: Path) -> configuration.Settings:
    """Read the settings; of the stack in the folder, if one runs there."""
    running = stack.running(Folder.at(folder))
    for name, text in (running.environment() if running else {}).items():
        os.environ.setdefault(name, text)
    try:
        return configuration.load()
    except configuration.SettingsInvalid as error:
        _fail(str(error), Exit.USAGE)


def _done(work: Awaitable[T]) -> T:
    """Do it; what it fails with is told, not traced."""

    async def do() -> T:
        return await work

    try:
        return asyncio.run(do())
    except (BackupInvalid, vaults.KeyDiffers, VaultBroken) as error:
        _fail(str(error), Exit.VERIFICATION_FAILED)
    except backups.DatabaseInUse as error:
        _fail(str(error), Exit.REFUSED)
    except Exception as error:  # noqa: BLE001 - the process's edge
        _fail(f"{type(error).__name__}: {error}")


def _fail(text: str, code: Exit = Exit.UNAVAILABLE) -> NoReturn:
    Terminal(stderr=True).print(f"[red]muster:[/] {text}", highlight=False, soft_wrap=True)
    raise typer.Exit(code)
