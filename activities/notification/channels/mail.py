"""Mail by SMTP."""

from __future__ import annotations

import hashlib
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import localtime

import aiosmtplib
from pydantic import SecretStr

from activities.notification.message import Written
from activities.notification.outcome import Failed, Unanswered, Undelivered
from domain.directory.address import mail_address
from domain.values import Value

PERMANENT_FROM = 500
"""SMTP replies from here on will not change (RFC 5321, 4.2.1)."""


class MailServer(Value):
    """Where mail is handed over."""

    host: str
    port: int
    security: str
    username: str | None
    password: SecretStr | None
    from_address: str
    timeout_seconds: float


async def send(server: MailServer, address: str, message: Written) -> None:
    """Hand a message to the server. Raises Failed for good, Undelivered when it may yet work."""
    made = mail(server.from_address, address, message)
    try:
        await aiosmtplib.send(
            made,
            hostname=server.host,
            port=server.port,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            username=server.username,
            password=server.password.get_secret_value() if server.password else None,
            timeout=server.timeout_seconds,
        )
    except aiosmtplib.SMTPRecipientsRefused as error:
        codes = [refused.code for refused in error.recipients]
        raise _refused(max(codes)) from None
    except aiosmtplib.SMTPResponseException as error:
        raise _refused(error.code) from None
    except TimeoutError:
        raise Unanswered(f"mail server: no answer within {server.timeout_seconds:g} s") from None
    except (aiosmtplib.SMTPException, OSError) as error:
        raise Undelivered(f"mail server: {type(error).__name__}", was_heard=True) from None


def host_of(server: MailServer) -> str:
    """Return what a mail server is known by among the hosts."""
    return f"{server.host}:{server.port}"


def mail(sender: str, address: str, message: Written) -> EmailMessage:
    """Return the message as a mail, whose id is a function of what is told to whom.

    Raises Failed unless the address is one, and just one.
    """
    made = EmailMessage()
    made["From"] = sender
    made["To"] = _only(address)
    made["Subject"] = message.subject
    made["Date"] = localtime()
    made["Message-ID"] = f"<{hashlib.sha256(message.key.encode()).hexdigest()[:40]}@muster>"
    made["X-Muster-Incident"] = message.incident
    made["X-Muster-Notification"] = message.key
    if message.exercise:
        made["X-Muster-Exercise"] = "yes"
    made.set_content(message.body)
    return made


def _only(address: str) -> Address:
    try:
        return Address(addr_spec=mail_address(address))
    except (ValueError, IndexError, MessageError):
        raise Failed("this is no mail address") from None


def _refused(code: int) -> Exception:
    text = f"mail server answered {code}"
    kind = Failed if code >= PERMANENT_FROM else Undelivered
    return kind(text, was_heard=True)
