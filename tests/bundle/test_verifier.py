"""The verifier as a file of its own is what is published, and runs alone."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from eventstore.bundle import verify
from eventstore.bundle.verifier import zipapp
from tests.bundle import published
from tests.bundle.synthetic import SMALL
from tests.bundle.verifiers import ROOT, VERIFY, written

if TYPE_CHECKING:
    from pathlib import Path


def test_the_digests_that_are_published_are_those_of_the_verifier() -> None:
    text = published.PAGE.read_text(encoding="utf-8")
    assert published.page(text) == text
    assert sha256(zipapp()).hexdigest() in text


@pytest.mark.processes
@pytest.mark.parametrize("name", ["verify.pyz", "verify.py"])
def test_the_command_line_writes_it_and_it_runs_alone(tmp_path: Path, name: str) -> None:
    muster = [sys.executable, "-m", "services.cli.main"]
    asked = [*muster, "export", "verifier", "--to", str(tmp_path / name)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, cwd=ROOT)
    digest = sha256((tmp_path / name).read_bytes()).hexdigest()
    assert (done.returncode, done.stdout.split()[0]) == (0, digest)
    again = subprocess.run(asked, capture_output=True, text=True, check=False, cwd=ROOT)
    assert again.returncode != 0
    folder = written(SMALL.files(), tmp_path / "case")
    for options in ((), ("-I",)):
        run = [sys.executable, *options, name, str(folder)]
        done = subprocess.run(run, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith((verify.UNVOUCHED[1], verify.UNVOUCHED[0]))


def test_both_forms_are_one_program() -> None:
    assert VERIFY.read_bytes() in zipapp()
