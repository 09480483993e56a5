"""Whoever recovers or upgrades as the pages say sees what they show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from services.demo import stage
from services.local.folder import Folder
from services.local.stack import down
from tests.docs import console
from tests.upgrade.incidents import cast_of, open_in_every_phase, prepare
from tests.upgrade.released import FREE, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.processes


@pytest.fixture
def folder() -> Iterator[Path]:
    with stage.folder(keep=False) as place:
        (place.root / ".venv").symlink_to(console.environment())
        yield place.root
        down(Folder.at(place.root / ".muster"))


def page(name: str) -> str:
    text = (ROOT / "docs" / "how-to" / f"{name}.md").read_text(encoding="utf-8")
    return text.replace("muster up -d", f"muster up -d {' '.join(FREE)}")


async def test_recovering_and_upgrading_are_true_to_the_letter(folder: Path) -> None:
    async with stage.stack(Folder.at(folder / ".muster"), print) as stack:
        async with cast_of(stack) as cast:
            await prepare(cast, ROOT)
            await open_in_every_phase(cast, 1)
        async with console.terminal(folder) as reader:
            await reader.types('export PATH="$PWD/.venv/bin:$PATH"')
            await reader.types("until muster recover --within 5; do sleep 1; done")
            await reader.follows(page("recover"))
            await reader.follows(page("upgrade"))
