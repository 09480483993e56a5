"""What stands around the files of a zip says the same as its index, and neither says more."""

from __future__ import annotations

import base64
import json
import random
import subprocess
from typing import TYPE_CHECKING

import pytest

from eventstore.bundle import verify
from tests.bundle.oddities import ZIPPED
from tests.bundle.synthetic import SMALL
from tests.bundle.test_unpacking import verdict
from tests.bundle.verifiers import SECOND, node
from tests.bundle.zip_kinds import AS_PROGRAMS_WRITE, BROKEN, NAMED
from tests.bundle.zips import WIDE, ended_twice

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.processes

FILES = SMALL.files()
MUTANTS_OF_A_SEED = 400


@pytest.mark.parametrize("what", AS_PROGRAMS_WRITE)
def test_a_zip_as_programs_write_it_is_sound(tmp_path: Path, what: str) -> None:
    assert verdict(AS_PROGRAMS_WRITE[what](FILES), tmp_path) == 0


@pytest.mark.parametrize("what", BROKEN)
def test_a_zip_that_contradicts_itself_is_none(tmp_path: Path, what: str) -> None:
    assert verdict(BROKEN[what](FILES), tmp_path) == 2


@pytest.mark.parametrize("what", NAMED)
def test_a_zip_is_in_one_folder_called_as_its_maker_likes(tmp_path: Path, what: str) -> None:
    make, is_one = NAMED[what]
    assert (verdict(make(FILES), tmp_path) == 0) is is_one


@pytest.mark.parametrize(
    ("classic", "expected"),
    [
        ((-1, -1, -1, -1), 0),
        ((2**16 - 1, 2**16 - 1, WIDE, WIDE), 0),
        ((-1, -1, -1, 0), 2),
        ((-1, -1, 46, -1), 2),
        ((1, 1, -1, -1), 2),
    ],
)
def test_a_zip_ends_in_one_way(tmp_path: Path, classic: tuple[int, ...], expected: int) -> None:
    assert verdict(ended_twice(FILES, *classic), tmp_path) == expected


@pytest.mark.parametrize("what", AS_PROGRAMS_WRITE)
def test_both_read_the_same_of_any_zip_that_somebody_changes(what: str) -> None:
    chance = random.Random(what)  # noqa: S311 - which byte is changed is no secret
    whole = AS_PROGRAMS_WRITE[what](ZIPPED)
    zips = [whole, *(changed(whole, chance) for _ in range(MUTANTS_OF_A_SEED))]
    lines = [base64.b64encode(one).decode() for one in zips]
    command = [node(), str(SECOND), "--zips"]
    asked = "".join(f"{line}\n" for line in lines)
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=True)
    theirs = [json.loads(line) for line in done.stdout.splitlines()]
    ours = [verify.COMPUTED["zip"]({"zip": line}) for line in lines]
    assert ours == theirs
    assert set(theirs) == {theirs[0], None}, "no change but of what nobody reads is accepted"


def changed(content: bytes, chance: random.Random) -> bytes:
    """Change some bytes of a zip, mostly of what stands around its files."""
    made = bytearray(content)
    marks = [at for at in range(len(content)) if content[at : at + 2] == b"PK"]
    for _ in range(chance.choice((1, 1, 2))):
        at = chance.choice(
            (chance.randrange(len(made)), chance.choice(marks) + chance.randrange(46))
        )
        at = min(at, len(made) - 1)
        made[at] = chance.choice((0, 1, 8, 0xFF, made[at] ^ 1 << chance.randrange(8)))
    return bytes(made)
