"""Addresses: what can be sent to, and how the network writes it."""

from __future__ import annotations

import pytest

from domain.directory.address import (
    AddressFault,
    NoAddress,
    mail_address,
    refuse_credentials,
    web_address,
)

WEB = {
    "http://example.org": "http://example.org",
    "https://EXAMPLE.org:8443/a?b=1": "https://example.org:8443/a?b=1",
    "http://例子.中国/路": "http://xn--fsqu00a.xn--fiqs8s/路",
    "http://例子。中国": "http://xn--fsqu00a.xn--fiqs8s",
    "http://faß.de": "http://xn--fa-hia.de",
    "https://Bücher.example": "https://xn--bcher-kva.example",
    "http://my_service.internal:8080/": "http://my_service.internal:8080/",
    "http://127.0.0.1:1/": "http://127.0.0.1:1/",
    "http://[::1]:80/": "http://[::1]:80/",
}
NO_WEB = {
    "": AddressFault.WEB_ADDRESS,
    "ftp://localhost/": AddressFault.WEB_ADDRESS,
    "http://": AddressFault.WEB_ADDRESS,
    "http://[::1": AddressFault.WEB_ADDRESS,
    "http://localhost:99999999/": AddressFault.WEB_ADDRESS,
    "http://localhost:0/": AddressFault.WEB_ADDRESS,
    "http://a b/": AddressFault.WEB_ADDRESS,
    "http://a/\nX: y": AddressFault.WEB_ADDRESS,
    "http://a..b/": AddressFault.HOST_NAME,
    "http://-a.test/": AddressFault.HOST_NAME,
    f"http://{'a' * 64}.test/": AddressFault.HOST_NAME,
    f"http://{'a.' * 127}test/": AddressFault.HOST_NAME,
    "http://☃.test/": AddressFault.HOST_NAME,
}
MAIL = {
    "li.wei+duty@example.org": "li.wei+duty@example.org",
    "Li@EXAMPLE.org": "Li@example.org",
    "li@例子.中国": "li@xn--fsqu00a.xn--fiqs8s",
    "ops@localhost": "ops@localhost",
}
NO_MAIL = {
    "nobody": AddressFault.MAIL_ADDRESS,
    "@example.org": AddressFault.MAIL_ADDRESS,
    "a@b@example.org": AddressFault.MAIL_ADDRESS,
    ".a@example.org": AddressFault.MAIL_ADDRESS,
    "a, b@example.org": AddressFault.MAIL_ADDRESS,
    f"{'a' * 65}@example.org": AddressFault.MAIL_ADDRESS,
    "李@example.org": AddressFault.MAIL_LOCAL_PART,
    "li@example.org\nBcc: all@example.org": AddressFault.MAIL_ADDRESS,
    "li@exa mple.org": AddressFault.HOST_NAME,
    "li@☃.org": AddressFault.HOST_NAME,
    "li@-": AddressFault.HOST_NAME,
}


@pytest.mark.parametrize("text", WEB)
def test_a_web_address_is_written_for_the_network(text: str) -> None:
    assert web_address(text).geturl() == WEB[text]


@pytest.mark.parametrize("text", NO_WEB)
def test_what_is_wrong_with_a_web_address_is_named(text: str) -> None:
    with pytest.raises(NoAddress) as refused:
        web_address(text)
    assert refused.value.fault is NO_WEB[text]


@pytest.mark.parametrize("text", MAIL)
def test_a_mail_address_is_written_for_the_network(text: str) -> None:
    assert mail_address(text) == MAIL[text]


@pytest.mark.parametrize("text", NO_MAIL)
def test_what_is_wrong_with_a_mail_address_is_named(text: str) -> None:
    with pytest.raises(NoAddress) as refused:
        mail_address(text)
    assert refused.value.fault is NO_MAIL[text]


def test_a_name_and_a_password_in_a_web_address_are_refused() -> None:
    with pytest.raises(NoAddress) as refused:
        refuse_credentials("https://somebody:secret@example.org/")
    assert refused.value.fault is AddressFault.WEB_CREDENTIALS
    refuse_credentials("https://example.org/@somebody?to=a@b")
