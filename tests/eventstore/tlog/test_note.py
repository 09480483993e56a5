"""Signed notes and checkpoints: known vectors, and whatever is not one refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.bundle import verify
from eventstore.tlog.checkpoint import Checkpoint, CheckpointInvalid, open_checkpoint
from eventstore.tlog.note import (
    COSIGNATURE,
    NOT_IN_A_NAME,
    Note,
    NoteInvalid,
    Signer,
    Verifier,
    parse_signature,
    sign,
)

PETER_SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfq"
    "dngotpRZb6KE6RyyBwJnAM=\n"
)
"""The example of the documentation of golang.org/x/mod/sumdb/note."""

LOG = Signer("example.org/log", bytes(range(32)))
WITNESS = Signer("witness.example", bytes(range(32, 64)))
CHECKPOINT = Checkpoint("example.org/log", 20, bytes(range(32)))
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=80)


def test_the_known_note_is_signed_and_checked() -> None:
    signer, verifier = Signer.parse(PETER_SKEY), Verifier.parse(PETER_VKEY)
    assert signer.verifier == verifier
    note = sign(PETER_TEXT, [signer])
    assert note.whole == f"{PETER_TEXT}\n{PETER_LINE}"
    assert Note.parse(note.whole).signed_by(verifier) is not None


def test_keys_are_read_as_they_were_written() -> None:
    assert Signer.parse(LOG.skey) == LOG
    assert Verifier.parse(LOG.verifier.vkey) == LOG.verifier
    assert Verifier.parse(WITNESS.cosigner.vkey).type == COSIGNATURE
    assert Signer.generate("a.example").secret != Signer.generate("a.example").secret


def test_a_secret_is_never_shown_by_accident() -> None:
    assert "secret" not in repr(LOG)
    assert LOG.secret.hex() not in repr(LOG)


@pytest.mark.parametrize(
    "vkey",
    ["", "example.org", "a+b+c", PETER_VKEY.replace("Peter", "Petra"), PETER_VKEY[:-4],
     PETER_VKEY.replace("+AR", "+BR"), "a b+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"],
)  # fmt: skip
def test_another_text_is_no_key(vkey: str) -> None:
    with pytest.raises(NoteInvalid):
        Verifier.parse(vkey)


@pytest.mark.parametrize("skey", ["", PETER_VKEY, PETER_SKEY.replace("c74f20a3", "c74f20a4")])
def test_another_text_is_no_secret_key(skey: str) -> None:
    with pytest.raises(NoteInvalid):
        Signer.parse(skey)


@pytest.mark.parametrize(
    "name", ["", "two words", "one+two", "tab\tbed", "a\u200bb", "a\xadb", "a\u202eb", "a\x7f"]
)
def test_a_name_that_would_break_a_note_is_refused(name: str) -> None:
    with pytest.raises(NoteInvalid):
        Signer.generate(name)


def test_a_new_name_is_one_that_the_verifier_of_bundles_reads() -> None:
    letters = [chr(code) for code in range(0x11000) if not 0xD800 <= code < 0xE000]
    assert [one for one in letters if NOT_IN_A_NAME.match(one)] == [
        one for one in letters if not verify.NAME.fullmatch(one)
    ]


@pytest.mark.parametrize("number", [2, 9, 10, 999])
def test_a_new_log_is_not_called_as_one_in_a_later_lineage(number: int) -> None:
    name = f"example.org/log/{number}"
    with pytest.raises(NoteInvalid, match=f"ends in /{number}, as a log is called after"):
        Signer.generate(name)
    assert LOG.named(name).name == name
    assert Signer.parse(LOG.named(name).skey).name == name
    assert verify.lineage_of(name) == (LOG.name, number)


@pytest.mark.parametrize("name", ["example.org/1", "example.org/1000", "example.org/02", "a2"])
def test_other_numbers_are_part_of_a_name(name: str) -> None:
    assert Signer.generate(name).name == name
    assert verify.lineage_of(name) == (name, 1)


@pytest.mark.parametrize(
    "note",
    ["", "text\n", "text\n\n", f"text\n{PETER_LINE}", f"text\n\n{PETER_LINE[:-1]}",
     "text\n\n- PeterNeumann x08go/ZJ\n", "text\n\n— PeterNeumann\n",
     "text\n\n— PeterNeumann x08g\n",
     f"te\x07xt\n\n{PETER_LINE}", "text\n\n— PeterNeumann !!!!\n"],
)  # fmt: skip
def test_another_text_is_no_note(note: str) -> None:
    with pytest.raises(NoteInvalid):
        Note.parse(note)


@given(TEXTS)
def test_any_text_is_signed_and_read_again(text: str) -> None:
    note = sign(f"{text}\n", [LOG])
    assert Note.parse(note.whole) == note
    assert note.signed_by(LOG.verifier) is not None
    assert note.signed_by(WITNESS.verifier) is None


@given(TEXTS, st.data())
def test_a_changed_note_is_signed_by_nobody(text: str, data: st.DataObject) -> None:
    note = sign(f"{text}.\n", [LOG])
    other = data.draw(TEXTS.filter(lambda one: one != f"{text}."))
    assert Note(f"{other}\n", note.signatures).signed_by(LOG.verifier) is None


def test_a_cosignature_is_over_the_text_and_the_time() -> None:
    text = CHECKPOINT.text
    signature = WITNESS.cosign(text, 1_779_000_000)
    assert signature.signature[:8] == (1_779_000_000).to_bytes(8, "big")
    assert parse_signature(signature.line.rstrip("\n")) == signature
    assert WITNESS.cosigner.signed(text, signature)
    assert not WITNESS.verifier.signed(text, signature)
    later = bytearray(signature.signature)
    later[7] ^= 1
    assert not WITNESS.cosigner.signed(text, signature._replace(signature=bytes(later)))


def test_a_checkpoint_is_three_lines() -> None:
    assert CHECKPOINT.text == (
        "example.org/log\n20\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    )
    assert Checkpoint.parse(CHECKPOINT.text) == CHECKPOINT
    assert Checkpoint.parse(f"{CHECKPOINT.text}more\n") == CHECKPOINT


def test_a_checkpoint_is_opened_by_the_key_of_its_log() -> None:
    note = CHECKPOINT.signed(LOG).whole
    assert open_checkpoint(note, LOG.verifier) == CHECKPOINT


def test_a_checkpoint_of_another_log_or_key_is_not_opened() -> None:
    note = CHECKPOINT.signed(LOG).whole
    forged = Signer("example.org/log", bytes(32))
    for verifier in (WITNESS.verifier, forged.verifier):
        with pytest.raises(CheckpointInvalid):
            open_checkpoint(note, verifier)
    with pytest.raises(CheckpointInvalid):
        CHECKPOINT.signed(WITNESS)


@pytest.mark.parametrize(
    "text",
    ["", "a\n1\n", "a\n01\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n", "a\n-1\nAAAA\n",
     "a\n1\nAAAA\n", "a\n1\nnot base64\n", "\n1\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
     "a\n1e3\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
     "a\n1\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
     "a\n1\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\nmore\n"],
)  # fmt: skip
def test_another_text_is_no_checkpoint(text: str) -> None:
    with pytest.raises(CheckpointInvalid):
        Checkpoint.parse(text)
