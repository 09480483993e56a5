"""The file of tokens: who may call, known by the hash of a token or by a name in a certificate.

{"tokens": [{"sha256": …, "actor": …, "roles": […], "venues": […], "expires_at": …}],
"revoked_certificates": [{"sha256": …}, {"serial": …}]}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from domain.values import Id, Role
from services.runtime import strict_json

if TYPE_CHECKING:
    from pathlib import Path

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class TokensInvalid(Exception):
    """The file of tokens can't be used; the text says why."""


class Entry(BaseModel):
    """Somebody who may call, and what makes them known."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    actor: Id
    roles: frozenset[Role] = Field(min_length=1)
    venues: frozenset[Id] | None = None
    """Where; everywhere if null."""
    sha256: Sha256 | None = None
    """Of the token."""
    certificate: str | None = Field(default=None, min_length=1)
    """A subject alternative name of the client's certificate: a URI, a DNS name, a mail address."""
    expires_at: AwareDatetime | None = None
    """From then on nobody is let in by this entry; never if null."""

    @field_validator("roles")
    @classmethod
    def nobody_is_the_system(cls, roles: frozenset[Role]) -> frozenset[Role]:
        """Refuse the role of the clock and the activities, which nobody carries from outside."""
        if Role.SYSTEM in roles:
            raise ValueError("no token carries the role 'system'")
        return roles

    @model_validator(mode="after")
    def is_known_by_something(self) -> Self:
        """Refuse an entry that nobody could present."""
        if self.sha256 is None and self.certificate is None:
            raise ValueError("give sha256, certificate or both")
        return self


class RevokedCertificate(BaseModel):
    """A client certificate that is good for nothing any more, whatever its authority says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sha256: Sha256 | None = None
    """The fingerprint: of the certificate in DER."""
    serial: str | None = Field(default=None, pattern=r"^[0-9a-f]{1,40}$")
    """In hexadecimal without colons, as `openssl x509 -serial` prints it, in lower case."""

    @model_validator(mode="after")
    def names_one(self) -> Self:
        """Refuse an entry that names no certificate."""
        if (self.sha256 is None) == (self.serial is None):
            raise ValueError("give either sha256 or serial")
        return self


class Tokens(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens: tuple[Entry, ...]
    revoked_certificates: tuple[RevokedCertificate, ...] = ()


def read(file: Path) -> Tokens:
    """Read the file. Raises TokensInvalid."""
    try:
        held = strict_json.read(file.read_bytes())
    except OSError as error:
        raise TokensInvalid(f"{file} can't be read: {error.strerror}") from None
    except strict_json.JsonInvalid as error:
        raise TokensInvalid(f"{file}: {error}") from None
    return check(held, file)


def check(held: object, file: Path) -> Tokens:
    """Return what a file holds, or would hold. Raises TokensInvalid."""
    try:
        return Tokens.model_validate(held)
    except ValidationError as error:
        raise TokensInvalid(f"{file}: {_faults(error)}") from None


def _faults(error: ValidationError) -> str:
    faults = error.errors(include_input=False, include_url=False)
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in faults)
