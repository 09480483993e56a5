"""Whoever types what the pages say sees what they show."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services.demo import stage
from services.local.folder import Folder
from services.local.stack import Stack
from tests.docs import console

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")

PAGE = """Save this as `one.yaml`:

```yaml
id: one
```

```console
$ echo "sound at 11:48:17.152" \\
>     && true
sound at 12:00:00.000
$ seq 3
1
…
$ muster plan check one.yaml
error: …
```
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Look like a clone, with nothing in its log yet."""
    with stage.folder(keep=False) as place:
        (place.root / ".venv").symlink_to(console.environment())
        (place.root / "plans").symlink_to(ROOT / "plans")
        yield place.root


@pytest.fixture
async def stack(folder: Path) -> AsyncIterator[Stack]:
    """Run what `make up` starts, on ports that are free."""
    async with stage.stack(Folder.at(folder / ".muster"), print) as running:
        yield running


@pytest.fixture
async def reader(stack: Stack) -> AsyncIterator[console.Reader]:
    """Open a terminal beside it."""
    async with console.terminal(stack.folder.root.parent) as one:
        yield one


async def test_the_first_steps_are_true_to_the_letter(reader: console.Reader, stack: Stack) -> None:
    await reader.follows(README.replace("127.0.0.1:7460", stack.api))


async def test_the_tutorial_is_true_to_the_letter(reader: console.Reader, folder: Path) -> None:
    for name, text in console.files(TUTORIAL).items():
        (folder / name).write_text(text, encoding="utf-8")
    await reader.follows(TUTORIAL)
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


async def test_how_a_log_is_watched_is_true_to_the_letter(reader: console.Reader) -> None:
    await reader.types('export PATH="$PWD/.venv/bin:$PATH"')
    page = ROOT / "docs" / "how-to" / "watch-a-log.md"
    await reader.follows(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", ["print-a-handbook", "write-a-plan"])
async def test_what_needs_no_service_is_true_to_the_letter(page: str, folder: Path) -> None:
    text = (ROOT / "docs" / "how-to" / f"{page}.md").read_text(encoding="utf-8")
    for name, content in console.files(text).items():
        (folder / name).write_text(content, encoding="utf-8")
    async with console.terminal(folder) as reader:
        await reader.types('export PATH="$PWD/.venv/bin:$PATH"')
        await reader.follows(text)


def test_a_page_s_commands_and_files_are_found() -> None:
    first, *_, last = console.steps(PAGE)
    assert first.command == 'echo "sound at 11:48:17.152" \\\n    && true'
    assert last.is_refused
    assert console.files(PAGE) == {"one.yaml": "id: one\n"}


async def test_a_page_that_shows_something_else_is_wrong(tmp_path: Path) -> None:
    async with console.terminal(tmp_path) as reader:
        await reader.follows("```console\n$ seq 3\n1\n…\n3\n```\n")
        with pytest.raises(AssertionError, match="but prints"):
            await reader.follows("```console\n$ seq 3\n1\n…\n4\n```\n")
        with pytest.raises(AssertionError, match="ended with 1"):
            await reader.follows("```console\n$ false\n```\n")


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("verified up to position 54: sound", "verified up to position 55: broken"),
        ("0 errors, 0 warnings", "1 error, 0 warnings"),
        ("Phase     warning", "Phase     response"),
        ("TaskFinished  … at version 3", "TaskStarted  x at version 3"),
        ("one\n…\ntwo\n…", "two\none"),
        ("one … one", "one"),
    ],
)
def test_what_differs_from_a_page_is_seen(shown: str, said: str) -> None:
    assert not console.agrees([shown], said)
    assert console.agrees([shown], shown)
