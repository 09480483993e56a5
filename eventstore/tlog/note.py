"""Signed notes (c2sp.org/signed-note) and cosignatures (c2sp.org/tlog-cosignature), by Ed25519.

A note is a text that ends in a newline, then an empty line, then one line per signature:

    — <name of the key> <base64 of: key id, 4 bytes | signature>

The key id is the beginning of SHA-256( name | 0A | type of the signature | public key ). The type
is 01 for a signature over the text, 04 for a witness's cosignature over it and over a time.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ED25519 = 1
COSIGNATURE = 4
KEY_ID_BYTES = 4
KEY_BYTES = 32
SIGNATURE_BYTES = 64
TIME_BYTES = 8
DASH = "\N{EM DASH} "
PRIVATE = "PRIVATE+KEY+"
SIGNATURES_MAX = 100
NOTE_BYTES_MAX = 1_000_000
NOT_IN_A_NAME = re.compile(
    "[\\x00-\\x20+\\x7f-\\xa0\\xad\\u1680\\u180e\\u2000-\\u200f\\u2028-\\u202f"
    "\\u205f-\\u206f\\u3000\\ufeff\\ufff9-\\ufffb]"
)
"""Characters that break a note, or that nobody sees: a bundle with such a name is not sound."""
OF_A_LINEAGE = re.compile(r".+(/(?:[2-9]|[1-9][0-9]{1,2}))")
"""How the log itself is called once it goes on after a divergence."""


class NoteInvalid(ValueError):
    """The text is no signed note, or a key is none."""


class Signature(NamedTuple):
    """One line below a note."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """Return the line, newline included."""
        return f"{DASH}{self.name} {_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Verifier:
    """Somebody whose signatures one can check: `<name>+<key id>+<base64 of type | key>`."""

    name: str
    public: bytes
    type: int = ED25519

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read a verifier key. Raises NoteInvalid."""
        name, key_id, encoded = _three(vkey.strip())
        content = _unbase64(encoded)
        if len(content) != 1 + KEY_BYTES or content[0] not in {ED25519, COSIGNATURE}:
            raise NoteInvalid("the key is not of a kind that is known")
        verifier = cls(_checked(name), content[1:], content[0])
        if verifier.key_id.hex() != key_id:
            raise NoteInvalid("the key's id is not that of its name and bytes")
        return verifier

    @property
    def key_id(self) -> bytes:
        """Return what stands before its signatures."""
        return key_id(self.name, self.type, self.public)

    @property
    def vkey(self) -> str:
        """Return the key as text, for whoever checks."""
        key = _base64(bytes([self.type]) + self.public)
        return f"{self.name}+{self.key_id.hex()}+{key}"

    def signed(self, text: str, signature: Signature) -> bool:
        """Tell whether a signature is this one's, over a text."""
        if (signature.name, signature.key_id) != (self.name, self.key_id):
            return False
        message, content = text.encode(), signature.signature
        if self.type == COSIGNATURE:
            if len(content) != TIME_BYTES + SIGNATURE_BYTES:
                return False
            message = _cosigned(text, int.from_bytes(content[:TIME_BYTES], "big"))
            content = content[TIME_BYTES:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(content, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """A name and its secret key."""

    name: str
    secret: bytes

    @classmethod
    def generate(cls, name: str) -> Self:
        """Make a new key. Raises NoteInvalid for a name that no log can have."""
        lineage = OF_A_LINEAGE.fullmatch(name)
        if lineage:
            raise NoteInvalid(
                f"the name {name} ends in {lineage[1]}, as a log is called after a divergence:"
                " its bundles could not be verified"
            )
        return cls(nameable(name), Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, skey: str) -> Self:
        """Read `PRIVATE+KEY+<name>+<key id>+<base64 of 01 | secret>`. Raises NoteInvalid."""
        text = skey.strip()
        if not text.startswith(PRIVATE):
            raise NoteInvalid("the text is no private key of a signed note")
        name, key_id, encoded = _three(text.removeprefix(PRIVATE))
        content = _unbase64(encoded)
        if len(content) != 1 + KEY_BYTES or content[0] != ED25519:
            raise NoteInvalid("the private key is not of a kind that is known")
        signer = cls(_checked(name), content[1:])
        if signer.verifier.key_id.hex() != key_id:
            raise NoteInvalid("the private key's id is not that of its name and bytes")
        return signer

    @property
    def skey(self) -> str:
        """Return the key as text, which is a secret."""
        key = _base64(bytes([ED25519]) + self.secret)
        return f"{PRIVATE}{self.name}+{self.verifier.key_id.hex()}+{key}"

    @property
    def verifier(self) -> Verifier:
        """Return who can check its signatures."""
        return Verifier(self.name, self._key.public_key().public_bytes_raw())

    @property
    def cosigner(self) -> Verifier:
        """Return who can check its cosignatures."""
        return Verifier(self.name, self.verifier.public, COSIGNATURE)

    def named(self, name: str) -> Signer:
        """Return the same key under another name."""
        return Signer(_checked(name), self.secret)

    def sign(self, text: str) -> Signature:
        """Sign a text, which ends in a newline."""
        return Signature(self.name, self.verifier.key_id, self._key.sign(_whole(text).encode()))

    def cosign(self, text: str, time: int) -> Signature:
        """Say, as a witness, that at a time (seconds of Unix) the text was the newest known."""
        signature = time.to_bytes(TIME_BYTES, "big") + self._key.sign(_cosigned(text, time))
        return Signature(self.name, self.cosigner.key_id, signature)

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.secret)


@dataclass(frozen=True, slots=True)
class Note:
    """A text and who signed it; nothing is checked by having one."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, note: str) -> Self:
        """Take a note apart. Raises NoteInvalid."""
        text, empty, below = note.rpartition("\n\n")
        lines = below.split("\n")
        if len(note) > NOTE_BYTES_MAX or not empty or lines.pop() or not lines:
            raise NoteInvalid("a note is a text, an empty line and its signatures")
        if len(lines) > SIGNATURES_MAX or any(ord(c) < ord(" ") and c != "\n" for c in note):
            raise NoteInvalid("a note has no such characters, and not so many signatures")
        return cls(text + "\n", tuple(parse_signature(line) for line in lines))

    @property
    def whole(self) -> str:
        """Return the note as it is kept and sent."""
        return self.text + "\n" + "".join(one.line for one in self.signatures)

    def with_signatures(self, more: Iterable[Signature]) -> Note:
        """Return the note with more signatures."""
        return Note(self.text, (*self.signatures, *more))

    def signed_by(self, verifier: Verifier) -> Signature | None:
        """Return the valid signature of somebody; None if they didn't sign, or something else."""
        signed = (one for one in self.signatures if verifier.signed(self.text, one))
        return next(signed, None)


def sign(text: str, signers: Sequence[Signer]) -> Note:
    """Return a signed note."""
    return Note(_whole(text), tuple(signer.sign(text) for signer in signers))


def parse_signature(line: str) -> Signature:
    """Read one line below a note. Raises NoteInvalid."""
    name, space, encoded = line.removeprefix(DASH).partition(" ")
    if not line.startswith(DASH) or not space:
        raise NoteInvalid("a signature's line is a dash, a name and base64")
    content = _unbase64(encoded)
    if len(content) <= KEY_ID_BYTES:
        raise NoteInvalid("a signature is longer than its key's id")
    return Signature(_checked(name), content[:KEY_ID_BYTES], content[KEY_ID_BYTES:])


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """Return the id of a key under a name."""
    return sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:KEY_ID_BYTES]


def nameable(name: str) -> str:
    """Return a key's name that every verifier of bundles reads. Raises NoteInvalid."""
    found = NOT_IN_A_NAME.search(_checked(name))
    if found:
        raise NoteInvalid(
            f"a key's name has no character U+{ord(found[0]):04X}, which nobody sees:"
            " bundles could not be verified"
        )
    return name


def _cosigned(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{_whole(text)}".encode()


def _whole(text: str) -> str:
    if not text.endswith("\n"):
        raise NoteInvalid("the text of a note ends in a newline")
    return text


def _checked(name: str) -> str:
    if not name or "+" in name or any(character.isspace() for character in name):
        raise NoteInvalid("a key's name has neither spaces nor a plus, and is not empty")
    return name


def _three(text: str) -> tuple[str, str, str]:
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    if not encoded:
        raise NoteInvalid("a key is its name, its id and its bytes")
    return name, key_id, encoded


def _base64(content: bytes) -> str:
    return b64encode(content).decode()


def _unbase64(text: str) -> bytes:
    try:
        content = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteInvalid("the text is not base64") from None
    if _base64(content) != text:
        raise NoteInvalid("the text is not base64 as it is written")
    return content
