"""What is an address that a channel can send to, and how it is written for the network.

Host names are international (IDNA 2008, with the mapping of UTS 46): `例子.中国` and `例子。中国`
are `xn--fsqu00a.xn--fiqs8s`. The part of a mail address before its @ is ASCII: what relays take
beyond that (SMTPUTF8) can't be relied on when it matters.
"""

from __future__ import annotations

import re
from enum import StrEnum
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

import idna

HOST_LENGTH_MAX: Final = 253
"""Characters of a host name as the DNS takes it (RFC 1035, 2.3.4)."""

LOCAL_PART_LENGTH_MAX: Final = 64
"""Bytes before the @ (RFC 5321, 4.5.3.1.1)."""

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")


class AddressFault(StrEnum):
    """What is wrong with an address."""

    MAIL_ADDRESS = "mail_address"
    MAIL_LOCAL_PART = "mail_local_part"
    WEB_ADDRESS = "web_address"
    WEB_CREDENTIALS = "web_credentials"
    HOST_NAME = "host_name"


class NoAddress(ValueError):
    """Nothing can be sent there."""

    def __init__(self, fault: AddressFault) -> None:
        super().__init__(fault)
        self.fault = fault


def mail_address(text: str) -> str:
    """Return a mail address as SMTP takes it, its domain in ASCII. Raises NoAddress."""
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain:
        raise NoAddress(AddressFault.MAIL_ADDRESS)
    if not local.isascii():
        raise NoAddress(AddressFault.MAIL_LOCAL_PART)
    if len(local) > LOCAL_PART_LENGTH_MAX or not _LOCAL_PART.fullmatch(local):
        raise NoAddress(AddressFault.MAIL_ADDRESS)
    return f"{local}@{host_name(domain)}"


def web_address(text: str) -> SplitResult:
    """Return the parts of an http or https address, its host in ASCII. Raises NoAddress."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # of a bracket, or of the port when it is looked at
        usable = False
    if not usable or _UNPRINTABLE.search(text):
        raise NoAddress(AddressFault.WEB_ADDRESS)
    host = _written_out(parts.hostname or "")
    place = host if parts.port is None else f"{host}:{parts.port}"
    return parts._replace(netloc=place)


def refuse_credentials(text: str) -> None:
    """Refuse a name and password in a web address: they are not sent. Raises NoAddress."""
    if "@" in urlsplit(text).netloc:
        raise NoAddress(AddressFault.WEB_CREDENTIALS)


def host_name(text: str) -> str:
    """Return a host name as the DNS takes it. Raises NoAddress."""
    try:
        name = (text if text.isascii() else idna.encode(text, uts46=True).decode()).lower()
    except UnicodeError:  # of idna.IDNAError
        raise NoAddress(AddressFault.HOST_NAME) from None
    labels = name.removesuffix(".").split(".")
    if len(name) > HOST_LENGTH_MAX or not all(map(_LABEL.fullmatch, labels)):
        raise NoAddress(AddressFault.HOST_NAME)
    return name


def _written_out(host: str) -> str:
    """Return a host as it stands in an address: an IPv6 address in its brackets."""
    try:
        address = ip_address(host)
    except ValueError:
        return host_name(host)
    return f"[{host}]" if address.version == 6 else host  # noqa: PLR2004 - IP's
