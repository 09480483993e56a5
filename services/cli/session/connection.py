"""The way to the service: address, token and certificates, given or found."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.message import Message
from muster.v1.common_pb2 import Receipt

from eventstore.integrity.archive import Archive
from services.cli.output.failure import Failure
from services.cli.session.contract import Method
from services.client.client import Client, Said, bearer, open_channel
from services.local.folder import Folder
from services.local.stack import Stack, running
from services.runtime.exit_codes import Exit
from services.runtime.vocabulary import Language

CALL_TIMEOUT_S = 30.0
"""How long one call may take; streams have no limit."""

TOKEN_VARIABLE = "MUSTER_TOKEN"  # noqa: S105 - the name of a variable


@dataclass(frozen=True)
class Connection(Client):
    """A client that gives any command, and waits for an answer only so long."""

    server: str = field(default="", kw_only=True)
    """What the service is called by those who keep its checkpoints."""

    @property
    def call(self) -> dict[str, Any]:
        """Return what goes with every single call."""
        return {"timeout": CALL_TIMEOUT_S}

    async def record(self, method: Method, request: Message) -> Receipt:
        """Ask for a command by its method, whichever it is."""
        ask = self.named.unary_unary(
            method.path,
            request_serializer=type(request).SerializeToString,
            response_deserializer=Receipt.FromString,
        )
        receipt: Receipt = await ask(request, **self.call)
        return receipt


@asynccontextmanager
async def connect(language: Language, given: Mapping[str, Any]) -> AsyncIterator[Connection]:
    """Open the way to the service that the options name, or to the local stack."""
    stack = None if given["address"] else running(Folder.at(given["folder"]))
    address = given["address"] or (stack and stack.api)
    if not address:
        raise Failure(
            Exit.UNAVAILABLE,
            "NOT_RUNNING",
            f"no stack runs in {given['folder']}, and no --address was given",
            hint="`muster up` starts one",
        )
    token = _token(given["token_file"], stack, given["role"])
    async with open_channel(address, _trusting(given["ca_file"])) as channel:
        yield Connection(channel, metadata_of(token, language), server=_server(address, stack))


def metadata_of(token: str | None, language: Language) -> Said:
    """Return what goes with every call: the language, and who asks."""
    return [("accept-language", language), *bearer(token)]


def _server(address: str, stack: Stack | None) -> str:
    """Return what a service is called: its address, or the folder of a local stack and its log.

    A stack that was made anew in the same folder has another log, and so is another service.
    """
    if stack is None:
        return address
    key = Archive(stack.folder.notary).log_key() or ""
    return f"{stack.folder.root} {key.partition('+')[0]}".strip()


def _trusting(ca_file: Path | None) -> grpc.ChannelCredentials | None:
    return None if ca_file is None else grpc.ssl_channel_credentials(_read(ca_file))


def _token(file: Path | None, stack: Stack | None, role: str) -> str | None:
    if file is not None:
        return _read(file).decode().strip()
    if token := os.environ.get(TOKEN_VARIABLE):
        return token
    if stack is None:
        return None
    try:
        return stack.token(role)
    except OSError:
        roles = sorted(file.stem for file in stack.folder.tokens.glob("*.token"))
        raise Failure(
            Exit.USAGE,
            "ROLE_UNKNOWN",
            f"the stack has no token of the role {role!r} that you can read",
            {"roles": ", ".join(roles)},
        ) from None


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Failure(Exit.USAGE, "FILE_UNREADABLE", f"{file}: {error.strerror or error}") from None
