"""Witnesses elsewhere: they see to it that the log only grows, and cosign what they saw.

The protocol is c2sp.org/tlog-witness. A witness remembers the newest checkpoint that it cosigned,
and cosigns another only with a proof that it begins with that one.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import httpx2

from eventstore.tlog.note import Note, NoteInvalid, Signature, Verifier, parse_signature
from services.notary.bounded_http import Answer, NoAnswer, get, post

if TYPE_CHECKING:
    from eventstore.notary.evidence import Published
    from services.runtime.settings import settings

ADD = "add-checkpoint"
TIMEOUT_S = 5.0
ANSWER_BYTES_MAX = 10_000
SIZE_MAX = 2**63 - 1
"""Of a log: what the contract, the database and the events that record it can hold."""
ATTEMPTS = 2
"""The first may only tell which checkpoint the witness knows."""


class WitnessFailed(Exception):
    """A witness did not cosign; the text says why."""


class WitnessDisagrees(WitnessFailed):
    """A witness says that it saw another log, or a larger one, under this name."""

    def __init__(self, text: str, size: int) -> None:
        super().__init__(text)
        self.size = size
        """Of the log that it knows."""


class Proving(Protocol):
    """Proves that the log grew."""

    async def consistency(self, first: int, second: int) -> Sequence[bytes]:
        """Return the proof that the tree of one size begins with that of another."""


class Witness:
    """One witness, and the newest checkpoint that it is known to know, by origin."""

    def __init__(
        self, chosen: settings.Witness, proving: Proving, client: httpx2.AsyncClient
    ) -> None:
        self.key = Verifier.parse(chosen.key)
        self._url = f"{chosen.url.rstrip('/')}/{ADD}"
        self._shows = chosen.checkpoint_url
        self._proving = proving
        self._client = client
        self._known: dict[str, int] = {}

    async def cosign(self, published: Published) -> Signature:
        """Have a checkpoint cosigned. Raises WitnessFailed, and WitnessDisagrees among that."""
        note = Note.parse(published.note)
        origin, size = note.text.partition("\n")[0], published.signed.size
        for _ in range(ATTEMPTS):
            known = self._known.get(origin, 0)
            if known > size:
                del self._known[origin]  # it is asked for anew, by the next attempt
                raise WitnessDisagrees(f"{self.key.name} knows a log of {known} events", known)
            answer = await self._ask(note, known, size)
            if answer.status == httpx2.codes.CONFLICT:
                self._known[origin] = self._size(_text(answer))
                if self._known[origin] == known == size:
                    raise WitnessDisagrees(f"{self.key.name} knows another log", known)
                continue
            if answer.status == httpx2.codes.UNPROCESSABLE_CONTENT and known:
                text = f"{self.key.name} knows a log of {known} events that this one does not begin"
                raise WitnessDisagrees(f"{text} with", known)
            if answer.status != httpx2.codes.OK:
                raise WitnessFailed(f"{self.key.name} answers {answer.status}")
            signature = self._checked(note, _text(answer))
            self._known[origin] = size
            return signature
        if (known := self._known.get(origin, 0)) > size:
            raise WitnessDisagrees(f"{self.key.name} knows a log of {known} events", known)
        raise WitnessFailed(f"{self.key.name} can't tell which checkpoint it knows")

    async def shown(self) -> str:
        """Return the checkpoint that it shows to everybody, unverified; empty if it shows none."""
        if self._shows is None:
            return ""
        try:
            answer = await get(
                self._client, self._shows, timeout_s=TIMEOUT_S, bytes_max=ANSWER_BYTES_MAX
            )
        except NoAnswer:
            return ""
        return _text(answer) if answer.status == httpx2.codes.OK else ""

    async def _ask(self, note: Note, known: int, size: int) -> Answer:
        proof = await self._proving.consistency(known, size)
        lines = [f"old {known}", *(b64encode(one).decode() for one in proof), "", note.whole]
        asked = "\n".join(lines).encode()
        try:
            return await post(
                self._client, self._url, asked, timeout_s=TIMEOUT_S, bytes_max=ANSWER_BYTES_MAX
            )
        except NoAnswer as error:
            raise WitnessFailed(f"{self.key.name}: {error}") from error

    def _size(self, text: str) -> int:
        said = text.strip()
        if not said.isdecimal() or not said.isascii() or len(said) > len(str(SIZE_MAX)):
            raise WitnessFailed(f"{self.key.name} does not say which checkpoint it knows")
        size = int(said)
        if size > SIZE_MAX:
            raise WitnessFailed(
                f"{self.key.name} says that it knows more events than a log can have"
            )
        return size

    def _checked(self, note: Note, text: str) -> Signature:
        try:
            signatures = [parse_signature(line) for line in text.splitlines()]
        except NoteInvalid as error:
            raise WitnessFailed(f"{self.key.name}: {error}") from None
        for signature in signatures:
            if self.key.signed(note.text, signature):
                return signature
        raise WitnessFailed(f"{self.key.name} answered with a signature that is not its own")


def _text(answer: Answer) -> str:
    return answer.body.decode(errors="replace")
