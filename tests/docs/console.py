"""Pages as people follow them: the commands of their `console` blocks, typed into one shell.

`$ ` begins a command, `> ` goes on with it, what is below it was printed; `…` stands for anything.
Times, ids, places in the log and the root of its tree differ from run to run, and lines break where
a terminal ends: these are not compared.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

COMMAND_TIMEOUT_S = 180.0
LOOKS_MAX = 40
POLL_S = 0.25
"""How often one looks again for what follows by itself."""

WIDTH = 160
ENDLESS = re.compile(r"muster( incident)? watch\b")
LOOKS = re.compile(r"cat|muster (replay|mail|verify|status|\w+ (get|list|standing|show))\b")
REFUSED = re.compile(r"error\b|[A-Z_]+: ")

_VARYING = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID"),
    (r"(\d{4}-)?(\d\d-\d\d )?\d\d:\d\d:\d\d(\.\d+)?", "TIME"),
    (r"(?<=TIME )[0-9a-f]{8}\b", "ID"),
    (r"\broot [0-9a-f]{64}\b", "root"),
    (r"\b\d+ (?=TIME)", "N "),
    (r"\((-?\d+ (h|min|s) ?)+\)", "(SPAN)"),
    (r"\b(version|position|pid|up) +\d+", r"\1 N"),
    (r"\b\d+ (events|warnings)", r"N \1"),
    (r"127\.0\.0\.1:\d+", "ADDRESS"),
    (r"[│┃┌┐└┘├┤┬┴┼─━┏┓┗┛┡┩┯┷╇]+", " "),
)


class Step(NamedTuple):
    """A command, and what the page says that it prints."""

    command: str
    shown: tuple[str, ...]

    @property
    def is_refused(self) -> bool:
        """Whether the page says that it ends with an error; a pipe ends as its last command."""
        refused = bool(self.shown) and REFUSED.match(self.shown[0]) is not None
        return refused and " | " not in self.command


class Heard(NamedTuple):
    """What a command printed, and how it ended."""

    said: str
    code: int


def steps(page: str) -> list[Step]:
    """Return the commands of a page, in order."""
    blocks = re.findall(r"^```console\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    return [step for block in blocks for step in _steps(block)]


def files(page: str) -> dict[str, str]:
    """Return the files that a page lets its reader save, by name."""
    saved = r"Save this as `([\w.-]+)`:\n\n```\w+\n(.*?)^```$"
    return dict(re.findall(saved, page, re.DOTALL | re.MULTILINE))


def agrees(shown: Sequence[str], said: str) -> bool:
    """Tell whether what was printed is what a page shows."""
    text, parts = _plain(said), [part.strip() for part in _plain("\n".join(shown)).split("…")]
    if len(parts) == 1:
        return text == parts[0]
    first, *middle, last = parts
    if not (text.startswith(first) and text[len(first) :].endswith(last)):
        return False
    rest = text[len(first) : len(text) - len(last)]
    for part in filter(None, middle):
        _, found, rest = rest.partition(part)
        if not found:
            return False
    return True


@asynccontextmanager
async def terminal(folder: Path) -> AsyncIterator[Reader]:
    """Open a shell in a folder for somebody who follows a page."""
    inherited = {key: text for key, text in os.environ.items() if not key.startswith("MUSTER_")}
    chosen = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "COLUMNS": str(WIDTH)}
    shell = await asyncio.create_subprocess_exec(
        "bash",
        cwd=folder,
        env=inherited | chosen,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    reader = Reader(shell)
    try:
        yield reader
    finally:
        os.killpg(shell.pid, signal.SIGKILL)  # with what watches on
        await shell.wait()


class Reader:
    """Types a page's commands, one after the other, and compares."""

    def __init__(self, shell: asyncio.subprocess.Process) -> None:
        self._shell = shell
        self._watches: list[tuple[Step, str]] = []

    async def follows(self, page: str) -> None:
        """Do what a page says; AssertionError where it isn't so."""
        for step in steps(page):
            if ENDLESS.match(step.command):
                await self._watches_with(step)
            else:
                await self._does(step)
        for step, file in self._watches:
            await self._sees(step, f"cat {file}")

    async def types(self, command: str) -> Heard:
        """Type a command and wait until it ended."""
        end = f"end-of-{time.monotonic_ns()}"
        assert self._shell.stdin is not None
        typed = f"{{ {command}\n}} </dev/null\nprintf '\\n{end} %s\\n' $?\n"
        self._shell.stdin.write(typed.encode())
        try:
            return await asyncio.wait_for(self._heard(end), COMMAND_TIMEOUT_S)
        except TimeoutError:
            raise AssertionError(f"$ {command}\ndid not end in {COMMAND_TIMEOUT_S} s") from None

    async def _heard(self, end: str) -> Heard:
        assert self._shell.stdout is not None
        said: list[str] = []
        while (line := (await self._shell.stdout.readline()).decode()) != "":
            if line.startswith(end):
                return Heard("".join(said), int(line.split()[1]))
            said.append(line)
        raise AssertionError(f"the shell ended: {''.join(said)}")

    async def _does(self, step: Step) -> None:
        heard = await self._sees(step, step.command)
        assert (heard.code != 0) == step.is_refused, f"$ {step.command}\nended with {heard.code}"

    async def _watches_with(self, step: Step) -> None:
        file = f"watch-{len(self._watches)}.out"
        await self.types(f"{step.command} >{file} 2>&1 &")
        self._watches.append((step, file))

    async def _sees(self, step: Step, command: str) -> Heard:
        """Type a command; one that only looks, again and again until it shows what follows."""
        heard = await self.types(command)
        for _ in range(LOOKS_MAX if LOOKS.match(command) else 0):
            if agrees(step.shown, heard.said):
                break
            await asyncio.sleep(POLL_S)
            heard = await self.types(command)
        shown = "\n".join(step.shown)
        said = f"$ {step.command}\nshows\n{shown}\nbut prints\n{heard.said}"
        assert agrees(step.shown, heard.said), said
        return heard


def environment() -> Path:
    """Return the folder that the command was installed into: what `rebuild` calls `.venv`."""
    return Path(sys.executable).parent.parent


def _steps(block: str) -> list[Step]:
    found: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        match line[:2]:
            case "$ ":
                found.append((line[2:], []))
            case "> ":
                command, _ = found.pop()
                found.append((f"{command}\n{line[2:]}", []))
            case _:
                found[-1][1].append(line)
    return [Step(command, tuple(shown)) for command, shown in found]


def _plain(text: str) -> str:
    words = " ".join(text.split())
    for varying, name in _VARYING:
        words = re.sub(varying, name, words)
    return " ".join(words.split())
