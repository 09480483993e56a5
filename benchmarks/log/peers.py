"""The peers: which, at which version, and how they get into a folder of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(os.environ.get("MUSTER_PEERS", Path(__file__).parents[1] / ".peers"))

PYTHON = ("eventsourcing[postgres]==9.5.6", "umadb==0.7.8")
NODE = {
    "@event-driven-io/emmett": "0.42.0",
    "@event-driven-io/emmett-postgresql": "0.42.0",
    "@eventide/message-db": "1.3.1",
}


class Peers(NamedTuple):
    """Where they are; None for what could not be installed."""

    python: Path | None
    node: str | None
    modules: Path

    @property
    def umadb(self) -> str:
        """Return UmaDB's server."""
        assert self.python, "asked for only where it is"
        return str(self.python.parent / "umadb")


def install() -> Peers:
    """Install what is missing, and say loudly what can't be."""
    modules = FOLDER / "node"
    return Peers(_python(FOLDER / "python"), _node(modules), modules)


def _python(folder: Path) -> Path | None:
    program, done = folder / "bin" / "python", folder / "installed.json"
    if done.exists() and json.loads(done.read_text()) == list(PYTHON):
        return program
    try:
        _run([sys.executable, "-m", "venv", str(folder)])
        _run([str(program), "-m", "pip", "install", "-q", *PYTHON])
    except subprocess.CalledProcessError as error:
        _missing("eventsourcing, UmaDB", error)
        return None
    done.write_text(json.dumps(list(PYTHON)))
    return program


def _node(folder: Path) -> str | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        sys.stderr.write("MISSING message-db, Emmett: there is no node with npm on this machine\n")
        return None
    wanted = json.dumps({"private": True, "dependencies": NODE})
    package = folder / "package.json"
    if package.exists() and package.read_text() == wanted and (folder / "node_modules").exists():
        return node
    folder.mkdir(parents=True, exist_ok=True)
    package.write_text(wanted)
    try:
        _run([npm, "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(folder)])
    except subprocess.CalledProcessError as error:
        _missing("message-db, Emmett", error)
        package.unlink()
        return None
    return node


def _run(command: list[str]) -> None:
    sys.stderr.write(f"installing: {' '.join(command[-4:])}\n")
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _missing(who: str, error: subprocess.CalledProcessError) -> None:
    sys.stderr.write(f"MISSING {who}: {' '.join(error.cmd)} ended with {error.returncode}\n")
