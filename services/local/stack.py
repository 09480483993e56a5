"""The whole local stack: what runs, on which ports, and how others find it."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from services.local.child import Recipe
from services.local.folder import SECRET, Folder
from services.local.postgres import OWNER, RUNTIME, Postgres
from services.local.temporal import Temporal
from services.runtime import readiness
from services.runtime.failures import AlreadyRunning, PortTaken

KEY_BYTES = 32
LOG_NAME_BYTES = 4
LEFT_BEHIND, LEFT_BEHIND_S = 1, 10.0
"""How PostgreSQL ends while another one has its folder, and how long one may take to leave it that
a killed supervisor left behind."""

PROCESSES = ("api", "worker", "follower", "notary")
GIVE_WAY = frozenset({"notary"})
"""What can wait on a busy machine. Deadlines and notifications can't: the follower tells Temporal,
Temporal keeps the time, the worker records what came, and each is as urgent as a command."""

METRICS_OFFSET = "MUSTER_METRICS__OFFSET"
POLL_S = 0.05
LOOKED_AT_S = 0.5
"""For how long others may hold a folder's lock who only look whether a stack runs in it."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports on the loopback interface; 0 takes a free one."""

    api: int = 7460
    temporal: int = 7461
    mail: int = 7462
    temporal_ui: int | None = None

    def taken(self) -> Ports:
        """Return the ports with a free one for each 0. Raises PortTaken."""
        ui = None if self.temporal_ui is None else _port("temporal-ui", self.temporal_ui)
        return Ports(
            api=_port("api", self.api),
            temporal=_port("temporal", self.temporal),
            mail=_port("mail", self.mail),
            temporal_ui=ui,
        )


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack, as its supervisor wrote it down."""

    folder: Folder
    pid: int
    ports: Ports
    parts: dict[str, dict[str, Any]]

    @property
    def api(self) -> str:
        """Return the address of the gRPC service."""
        return f"127.0.0.1:{self.ports.api}"

    def token(self, role: str) -> str:
        """Return the bearer token of a role."""
        from services.local import tokens  # noqa: PLC0415 - the stack itself starts without

        return tokens.token_of(self.folder, role)

    def environment(self) -> dict[str, str]:
        """Return the settings that this stack's processes run with."""
        return environment(self.folder, self.ports)


def running(folder: Folder) -> Stack | None:
    """Return the stack that runs in a folder, if one does."""
    try:
        written = json.loads(folder.stack_file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError):
        return None
    if not _is_held(folder):
        return None
    return Stack(folder, written["pid"], Ports(**written["ports"]), written["parts"])


def write_down(folder: Folder, ports: Ports, parts: dict[str, dict[str, Any]]) -> None:
    """Say where the stack is, for whoever looks for it."""
    text = json.dumps({"pid": os.getpid(), "ports": asdict(ports), "parts": parts}, indent=2)
    part = folder.stack_file.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, SECRET)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(folder.stack_file)


@contextmanager
def held(folder: Folder) -> Iterator[None]:
    """Hold a folder as its one supervisor. Raises AlreadyRunning."""
    with folder.lock_file.open("a") as file:
        if not _taken_alone(file):
            raise AlreadyRunning(
                f"a stack already runs in {folder.root}: see `muster status`, or stop it with "
                "`muster down`"
            )
        try:
            yield
        finally:
            folder.stack_file.unlink(missing_ok=True)


def down(folder: Folder, timeout_s: float = 60.0) -> bool:
    """Ask a running stack to stop, and wait until it has. False if none ran."""
    stack = running(folder)
    if stack is None:
        return False
    os.kill(stack.pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout_s
    while _is_held(folder):
        if time.monotonic() > deadline:
            os.kill(stack.pid, signal.SIGKILL)
            return True
        time.sleep(POLL_S)
    return True


def make_secrets(folder: Folder) -> None:
    """Make the keys and the tokens, the first time."""
    from services.local import tokens  # noqa: PLC0415 - its processes start meanwhile

    folder.secret(folder.keys / "vault", secrets.token_hex(KEY_BYTES).encode())
    folder.secret(folder.keys / "webhooks", secrets.token_hex(KEY_BYTES).encode())
    folder.secret(folder.keys / "webhook", secrets.token_urlsafe(KEY_BYTES).encode())
    _make_notary_key(folder)
    tokens.issue_one_per_role(folder)


def environment(folder: Folder, ports: Ports) -> dict[str, str]:
    """Return the settings of the processes."""
    postgres = Postgres(folder)
    return {
        "MUSTER_DATABASE__DSN": postgres.dsn(RUNTIME),
        "MUSTER_DATABASE__OWNER_DSN": postgres.dsn(OWNER),
        "MUSTER_TEMPORAL__ADDRESS": f"127.0.0.1:{ports.temporal}",
        "MUSTER_API__PORT": str(ports.api),
        "MUSTER_API__TOKENS_FILE": str(folder.tokens_file),
        "MUSTER_MAIL__HOST": "127.0.0.1",
        "MUSTER_MAIL__PORT": str(ports.mail),
        "MUSTER_VAULT__KEY_FILE": str(folder.keys / "vault"),
        "MUSTER_VAULT__SHARES_FOLDER": str(folder.shares),
        "MUSTER_NOTARY__FOLDER": str(folder.notary),
        "MUSTER_NOTARY__KEY_FILE": str(folder.keys / "notary"),
        "MUSTER_WEBHOOK__KEY_FILE": str(folder.keys / "webhooks"),
        "MUSTER_WEBHOOK__SECRETS_FOLDER": str(folder.keys / "webhook-receivers"),
        "MUSTER_WEBHOOK__SECRET_FILE": str(folder.keys / "webhook"),
        "MUSTER_WEBHOOK__ALLOW_PRIVATE_NETWORKS": "true",
    }


def recipes(folder: Folder, ports: Ports) -> dict[str, Recipe]:
    """Return how each process of the stack is run."""
    postgres = Postgres(folder)
    temporal = Temporal(folder, ports.temporal, ports.temporal_ui)
    settings = environment(folder, ports)
    sink = [sys.executable, "-m", "services.local.mail_sink", str(folder.mail), str(ports.mail)]
    here = {"PYTHONPATH": import_path()}
    begin = {readiness.START_VARIABLE: str(folder.database_ready)}
    return {
        "postgres": Recipe(
            "postgres",
            postgres.command,
            user=postgres.user,
            stop_signal=signal.SIGINT,
            ready=postgres.ready,
            passing={LEFT_BEHIND: LEFT_BEHIND_S},
        ),
        "temporal": Recipe("temporal", temporal.command, ready=temporal.ready),
        "mail": Recipe("mail", sink, environment=here),
        **{
            name: Recipe(
                name,
                environment={**settings, **here, **begin, METRICS_OFFSET: str(index)},
                gives_way=name in GIVE_WAY,
            )
            for index, name in enumerate(PROCESSES)
        },
    }


def _make_notary_key(folder: Folder) -> None:
    """Name the log as nobody else names theirs, and make the key that it signs with."""
    file = folder.keys / "notary"
    if not file.exists():
        from eventstore.tlog.note import Signer  # noqa: PLC0415 - only at the first start

        name = f"muster.local/{secrets.token_hex(LOG_NAME_BYTES)}"
        folder.secret(file, f"{Signer.generate(name).skey}\n".encode())


def import_path() -> str:
    """Return where the packages are found, from whichever folder the processes are started."""
    root = Path(__file__).parents[2]
    paths = [str(root), str(root / "protos"), os.environ.get("PYTHONPATH", "")]
    return os.pathsep.join(path for path in paths if path)


def _taken_alone(file: IO[str]) -> bool:
    """Acquire the lock; retry, since a status check holds it for a moment as well."""
    until = time.monotonic() + LOOKED_AT_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                return False
            time.sleep(POLL_S)
        else:
            return True


def _is_held(folder: Folder) -> bool:
    if not folder.lock_file.exists():
        return False
    with folder.lock_file.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _port(name: str, wanted: int) -> int:
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", wanted))
        except OSError:
            raise PortTaken(
                f"port {wanted} ({name}) is taken: stop whoever listens there, or choose another "
                f"with --{name}-port (0 takes a free one)"
            ) from None
        if not wanted:
            _keep_from_others(listening)
        return int(listening.getsockname()[1])


def _keep_from_others(listening: socket.socket) -> None:
    """Have the kernel give a port to nobody who asks for any, until it is listened on.

    The side of a connection that closes first waits on its port for a minute (TIME-WAIT); who asks
    for just that port, and says that it may be in use again (SO_REUSEADDR), gets it.
    """
    listening.listen(1)
    with socket.create_connection(listening.getsockname()):
        listening.accept()[0].close()
