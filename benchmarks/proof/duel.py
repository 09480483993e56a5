"""Both verifiers on the same bundles, many in one process of each."""

from __future__ import annotations

import base64
import json
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from eventstore.bundle import verify
from tests.bundle.verifiers import SECOND, node, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bundle.verifiers import Files

STATED = (
    "log",
    "size",
    "root",
    "key",
    "witnesses",
    "case",
    "export",
    "events",
    "position",
    "heads",
    "whole",
    "newest",
)
"""What both verifiers state of a bundle that they call sound."""

STATED_TO_PEOPLE = (
    "key_given",
    "kept_checkpoints",
    "streams",
    "first_recorded_at",
    "last_recorded_at",
    "exported_at",
    "exported_by",
    "on_behalf_of",
    "exported_for",
    "sealed_texts",
    "erasure_ordered",
    "evaluations",
    "format",
    "lineage",
    "acknowledged",
)
"""What the first verifier's page states beside that."""


class Verdict(NamedTuple):
    """What a verifier ended with, and what it stated."""

    exit: int
    stated: dict[str, Any]


MAY_BE_LEFT_UNSAID = frozenset({"newest"})
"""What a bundle may leave out with its proof: nothing is said of it then, and that is said."""


def states_otherwise(found: Verdict, true: Verdict) -> bool:
    """Tell whether a bundle is called sound that states something else than the true one."""
    return found.exit == 0 and any(
        told != true.stated[name]
        for name, told in found.stated.items()
        if told is not None or name not in MAY_BE_LEFT_UNSAID
    )


def differ(ours: Verdict, theirs: Verdict) -> bool:
    """Tell whether the verifiers come to different verdicts, or state different things."""
    if ours.exit != theirs.exit:
        return True
    return ours.exit == 0 and any(ours.stated[name] != theirs.stated[name] for name in STATED)


class Known(NamedTuple):
    """What a verifier is given apart from the bundle."""

    key: str
    witness: str
    checkpoint: bytes


class Duel:
    """A base bundle, and both verifiers ready for others that differ from it."""

    def __init__(self, base: Files, known: Known, second: subprocess.Popen[str]) -> None:
        self._base, self._second = base, second
        self._given = verify.Given(known.key, (known.witness,), (("kept", known.checkpoint),))

    def both(self, bundles: Sequence[Files]) -> list[tuple[Verdict, Verdict]]:
        """Return both verdicts on each bundle."""
        assert self._second.stdin, "it was opened with pipes"
        assert self._second.stdout, "it was opened with pipes"
        lines = "".join(self._changes(files) for files in bundles)
        with ThreadPoolExecutor(1) as beside:
            sent = beside.submit(self._second.stdin.write, lines)
            ours = [self._first(files) for files in bundles]
            sent.result()
        self._second.stdin.flush()
        return [(one, _verdict(json.loads(self._second.stdout.readline()))) for one in ours]

    def _changes(self, files: Files) -> str:
        changes: dict[str, str | None] = {
            path: base64.b64encode(content).decode()
            for path, content in files.items()
            if self._base.get(path) != content
        }
        gone = dict.fromkeys(self._base.keys() - files.keys())
        return json.dumps({**changes, **gone}) + "\n"

    def _first(self, files: Files) -> Verdict:
        try:
            report = verify.Verification(verify.Held(files), self._given).run()
        except verify.NotABundle:
            return Verdict(verify.UNTOLD, {})
        facts = report.facts
        return Verdict(
            report.verdict, {name: facts.get(name) for name in (*STATED, *STATED_TO_PEOPLE)}
        )


@contextmanager
def duel(base: Files, known: Known) -> Iterator[Duel]:
    """Start the second verifier beside the first, which remembers what a signature came to."""
    verify.ed25519 = lru_cache(maxsize=100_000)(verify.ed25519)
    with tempfile.TemporaryDirectory() as place:
        folder = written(base, Path(place) / "case")
        kept = Path(place) / "kept"
        kept.write_bytes(known.checkpoint)
        told = ("--key", known.key, "--witness", known.witness, "--checkpoint", str(kept))
        command = [node(), str(SECOND), "--stream", str(folder), *told]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as second:
            try:
                yield Duel(base, known, second)
            finally:
                assert second.stdin, "it was opened with pipes"
                second.stdin.close()


def _verdict(said: dict[str, Any]) -> Verdict:
    facts = said.get("facts") or {}
    return Verdict(said["exit"], {name: facts.get(name) for name in STATED})
