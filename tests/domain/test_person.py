"""A contact: reachable through sealed channels, and in an exercise through others."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from domain.decider import decode, encode
from domain.directory.person import (
    PERSONS,
    Channel,
    ContactChanged,
    ContactRegistered,
    Person,
    RegisterContact,
)
from domain.plan.model.plan import ChannelKind
from domain.refusals import Refusal
from domain.values import Mode
from tests.domain.spec import given

NAME = "sealed:v1:person-1:" + "N" * 40
ADDRESS = "sealed:v1:person-1:" + "A" * 54 + "=="
PRACTICE_ADDRESS = "sealed:v1:person-1:" + "P" * 56

LIVE = Channel(kind=ChannelKind.MAIL, address=ADDRESS)
PRACTICE = Channel(kind=ChannelKind.WEBHOOK, address=PRACTICE_ADDRESS, exercise=True)

REGISTER = RegisterContact(person="deputy-manager-1", name=NAME, channels=(LIVE, PRACTICE))
REGISTERED = ContactRegistered(person="deputy-manager-1", name=NAME, channels=(LIVE, PRACTICE))
ONLY_LIVE = RegisterContact(person="deputy-manager-1", name=NAME, channels=(LIVE,))
CHANGED = ContactChanged(person="deputy-manager-1", name=NAME, channels=(LIVE,))


def test_a_contact_is_registered() -> None:
    given(PERSONS).when(REGISTER).then(REGISTERED)


def test_registering_the_same_contact_again_changes_nothing() -> None:
    given(PERSONS, REGISTERED).when(REGISTER).then_nothing()


def test_registering_other_channels_changes_the_contact() -> None:
    given(PERSONS, REGISTERED).when(ONLY_LIVE).then(CHANGED)
    given(PERSONS, REGISTERED, CHANGED).when(ONLY_LIVE).then_nothing()


def test_a_contact_without_a_channel_is_refused() -> None:
    unreachable = RegisterContact(person="deputy-manager-1", channels=())
    given(PERSONS).when(unreachable).then_refused(
        Refusal.CHANNEL_REQUIRED, person="deputy-manager-1"
    )


def test_an_exercise_reaches_no_live_channel_and_an_emergency_no_practice_channel() -> None:
    person = Person("deputy-manager-1", NAME, (LIVE, PRACTICE))
    assert person.reachable_in(Mode.EXERCISE) == (PRACTICE,)
    assert person.reachable_in(Mode.LIVE) == (LIVE,)


@pytest.mark.parametrize(
    "plain",
    [
        "li.wei@example.org",
        "13800000000",
        "sealed:v1:",
        "sealed:v1:key:bGkud2VpQGV4YW1wbGUub3Jn",
        "sealed:v1:li.wei@example.org:" + "A" * 40,
        "sealed:v1:key:" + "A" * 40 + " li.wei@example.org",
        "sealed:v1:key:" + "A" * 40 + "\nli.wei@example.org",
    ],
)
def test_no_plain_address_or_name_gets_in(plain: str) -> None:
    with pytest.raises(ValidationError):
        Channel(kind=ChannelKind.MAIL, address=plain)
    with pytest.raises(ValidationError):
        RegisterContact(person="deputy-manager-1", name=plain, channels=(LIVE,))


@pytest.mark.parametrize("fact", [REGISTERED, CHANGED], ids=lambda fact: fact.kind)
def test_every_fact_survives_storage(fact: ContactRegistered) -> None:
    assert decode(PERSONS, fact.kind, 1, encode(fact)) == fact
