"""What people are shown: the verdict first, in their language, and nothing that drives a screen."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eventstore.bundle import verify
from eventstore.tlog.note import Signer
from tests.bundle.mutations import EVENTS, remade
from tests.bundle.newest import grown
from tests.bundle.synthetic import LOG, MINE, SMALL, WITNESS, Draft, small
from tests.bundle.verifiers import VERIFY, first, second, written

if TYPE_CHECKING:
    from tests.bundle.verifiers import Files

pytestmark = pytest.mark.processes

PAINTED = "\x1b[2J\x1b[1;1HSOUND\x9b2K\u202e\r\n\x7f"
CHINESE = Signer("日志.example", LOG.secret)


def ran(*arguments: object, options: tuple[str, ...] = ("-I", "-S"), **env: str) -> tuple[int, str]:
    """Run the verifier as people do, and return how it ended and what it wrote."""
    command = [sys.executable, *options, VERIFY, *arguments]
    done = subprocess.run(
        [os.fsencode(str(one)) for one in command],
        capture_output=True,
        check=False,
        env={"PATH": os.environ["PATH"], **env},
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.decode()


def seen(text: str) -> bool:
    """Tell whether each character of a text is seen as it is."""
    return all(one.isprintable() or one == "\n" for one in text)


def painted() -> Files:
    """Return a bundle that tries to paint over whatever is said of it."""
    drafts = [*SMALL.drafts, Draft(f"unit/{PAINTED.replace(chr(10), '')}", "UnitRegistered")]
    return small(drafts=drafts).files()


def broken(files: Files) -> Files:
    """Change what an event says, and nothing else."""
    return remade({**files, EVENTS: files[EVENTS].replace("商场".encode(), "市场".encode())})


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_no_field_of_a_bundle_drives_a_screen(
    tmp_path: Path, language: str, form: tuple[str, ...]
) -> None:
    folder = written(broken(painted()), tmp_path / "case")
    code, out = ran(folder, "--language", language, *form, LC_ALL="C.UTF-8")
    assert (code, seen(out)) == (1, True)


def test_a_type_or_a_reason_does_not_drive_a_screen_either(tmp_path: Path) -> None:
    drafts = [Draft(MINE, "Incident\x1b[2JOpened", json.dumps({"venue": PAINTED}))]
    folder = written(broken(small(drafts=drafts).files()), tmp_path / "case")
    files = small(drafts=drafts).files()
    odd = files[EVENTS].replace(b'"type":"', '"type":"\x9b\u202e'.encode())
    folder = written(remade({**files, EVENTS: odd}), tmp_path / "case")
    code, out = ran(folder, LC_ALL="C.UTF-8")
    assert (code, seen(out)) == (1, True)


@pytest.mark.parametrize(
    "argument", ["\x1b[2JSOUND", "--\x1b[2Jnothing", "--key=\x1b[2J+x", "--html="]
)
def test_an_argument_does_not_either(tmp_path: Path, argument: str) -> None:
    folder = written(SMALL.files(), tmp_path / "case")
    code, out = ran(folder, argument, LC_ALL="C.UTF-8")
    assert seen(out)
    assert code in {0, 2}


@pytest.mark.parametrize(
    ("files", "told", "code", "zh", "en"),
    [
        (SMALL.files(), ("--key", LOG.verifier.vkey), 0, "属实：", "SOUND: "),
        (SMALL.files(), (), 0, "属实，但仅依据案卷自带的密钥", "SOUND under the key in the bundle"),
        (broken(SMALL.files()), (), 1, "不实：", "FALSE: "),
        (SMALL.files(), ("--witness", LOG.cosigner.vkey), 2, "无法判定：", "CANNOT BE TOLD: "),
        ({"manifest.json": b"{}"}, (), 2, "无法判定：", "CANNOT BE TOLD: "),
    ],
)
def test_the_verdict_is_the_first_line_and_the_last(  # noqa: PLR0913, PLR0917 - a case and its texts
    tmp_path: Path, files: Files, told: tuple[str, ...], code: int, zh: str, en: str
) -> None:
    folder = written(files, tmp_path / "case")
    for language, sentence in (("zh_CN.UTF-8", zh), ("en_US.UTF-8", en)):
        ended, out = ran(folder, *told, LANG=language, LC_CTYPE="C.UTF-8")
        lines = out.splitlines()
        assert ended == code
        assert lines[0].startswith(sentence)
        assert lines[-1].startswith(sentence)
        assert not out.rstrip().endswith("SOUND")


def test_what_is_known_and_what_is_not_is_said(tmp_path: Path) -> None:
    folder = written(SMALL.files(), tmp_path / "case")
    kept = tmp_path / "kept"
    kept.write_bytes(SMALL.files()["checkpoints/5"])
    _, alone = ran(folder)
    told = ("--key", LOG.verifier.vkey, "--witness", WITNESS.cosigner.vkey, "--checkpoint", kept)
    _, known = ran(folder, *told)
    for text in ("whose key it is", "showed others another log", "written anew before"):
        assert text in alone
        assert text not in known
    for text in ("anything later", "by zhao", "for: court", "versions 1 to 4, nothing left out"):
        assert text in alone
        assert text in known


def test_only_witnesses_that_are_given_count(tmp_path: Path) -> None:
    folder = written(SMALL.files(), tmp_path / "case")
    facts = first(folder).said["facts"]
    assert (facts["witnesses"], facts["claimed_witnesses"]) == ([], [WITNESS.name])
    facts = first(folder, "--witness", WITNESS.cosigner.vkey).said["facts"]
    assert (facts["witnesses"], facts["claimed_witnesses"]) == ([WITNESS.name], [])
    assert "claimed witnesses: witness.example" in ran(folder)[1]


def test_what_proves_nothing_is_named(tmp_path: Path) -> None:
    files = {**remade({**SMALL.files(), "README": b"all true"}), "report.html": b"<b>sound</b>"}
    folder = written(files, tmp_path / "case")
    assert first(folder).said["facts"]["unproven"] == ["README", "report.html"]
    assert "files that prove nothing: README\n    report.html\n" in ran(folder)[1]


def test_a_log_s_name_that_a_terminal_can_t_show_is_no_divergence(tmp_path: Path) -> None:
    folder = written(small(signer=CHINESE).files(), tmp_path / "case")
    plain = ("-I", "-S", "-X", "utf8=0")
    for told in ((), ("--key", CHINESE.verifier.vkey)):
        code, out = ran(folder, *told, options=plain, LC_ALL="C", LANG="zh_CN.UTF-8")
        assert (code, out.isascii()) == (0, True)
        assert out.startswith("SOUND")


def test_the_second_verifier_takes_that_name_too(tmp_path: Path) -> None:
    folder = written(small(signer=CHINESE).files(), tmp_path / "case")
    assert second(folder, "--key", CHINESE.verifier.vkey).exit == 0
    assert second(folder, "--key", "log+00000000+AQ==").exit == 2


def test_a_file_beside_it_stands_for_no_module(tmp_path: Path) -> None:
    folder = written(SMALL.files(), tmp_path / "case")
    program = folder / "verify.py"
    program.write_bytes(VERIFY.read_bytes())
    for name in {*sys.stdlib_module_names, "sitecustomize", "usercustomize"} - {
        "this",
        "antigravity",
    }:
        (folder / f"{name}.py").write_text("open('shadow', 'w'); print('SOUND')\n")
    done = subprocess.run(
        [sys.executable, "verify.py", written(SMALL.files(), tmp_path / "other")],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(verify.UNVOUCHED[1])
    assert not (folder / "shadow").exists()


def test_a_python_that_is_too_old_is_told_so() -> None:
    head = VERIFY.read_text(encoding="utf-8").partition("import argparse")[0]
    assert re.search(r"(?m)^import sys$", head)
    assert not re.search(r"(?m)^(from|import) (?!sys$)", head)


def test_a_fault_of_the_verifier_is_no_verdict(tmp_path: Path) -> None:
    code, out = ran("--vectors", written({"vectors": b"{}"}, tmp_path) / "vectors")
    assert (code, out.splitlines()[0][:15]) == (2, "CANNOT BE TOLD:")


class Markup(HTMLParser):
    """What a page consists of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not any(name.startswith("on") or name in {"src", "href"} for name, _ in attrs)
        self.tags.append(tag)
        self.open += [] if tag == "meta" else [tag]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


NEWEST = {
    "en": (
        "version 4 is the newest of the case: nothing later is left out",
        "has version 6: 2 later ones are not in this bundle",
        "that signs a map of the newest ones, but the bundle holds no proof out of it",
        "it signs no map of the newest ones, being of an earlier program",
    ),
    "zh": (
        "第 4 版即本案最新一版，此后无一遗漏",
        "本案已至第 6 版：另有 2 个更晚的版本不在此案卷内",
        "检查点签署了最新版本的映射，但本案卷未附其证明",
        "该检查点出自较早的程序，未签署最新版本的映射",
    ),
}


@pytest.mark.parametrize("language", NEWEST)
def test_it_is_said_what_is_proven_of_the_newest_version(tmp_path: Path, language: str) -> None:
    bundles = (
        SMALL,
        small(mapped=grown(2)),
        small(head=lambda *_: None),
        small(head=lambda *_: None, signs_map=False),
    )
    for number, (made, said) in enumerate(zip(bundles, NEWEST[language], strict=True)):
        folder = written(made.files(), tmp_path / f"case-{number}")
        page = tmp_path / f"page-{number}.html"
        told = ("--language", language, "--key", LOG.verifier.vkey, "--html", page)
        code, out = ran(folder, *told, LC_ALL="C.UTF-8")
        assert code == 0
        for text in (out, page.read_text(encoding="utf-8")):
            assert [one for one in NEWEST[language] if one in text] == [said]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_says_the_same_without_a_script(tmp_path: Path, language: str) -> None:
    drafts = [*SMALL.drafts, Draft("unit/<script>alert(1)</script>&", "UnitRegistered")]
    folder = written(small(drafts=drafts).files(), tmp_path / "case")
    page = tmp_path / "page.html"
    code, out = ran(folder, "--language", language, "--html", page, LC_ALL="C.UTF-8")
    text = page.read_text(encoding="utf-8")
    markup = Markup(text)
    assert code == 0
    assert not markup.open
    assert not {"script", "link", "img", "iframe", "form"} & {*markup.tags}
    assert "default-src 'none'" in text
    assert f'<html lang="{language}">' in text
    said = {line.strip(" -") for line in out.splitlines()} - {""}
    shown = " ".join(markup.texts)
    assert all(re.sub(r"^[^:：]{1,22}[:：] ?", "", line) in shown for line in said)


def test_the_page_is_written_over_nothing(tmp_path: Path) -> None:
    folder = written(SMALL.files(), tmp_path / "case")
    page = tmp_path / "page.html"
    page.write_text("mine")
    assert ran(folder, "--html", page)[0] == 2
    assert page.read_text() == "mine"


def test_a_report_is_proven_by_what_the_case_says_of_it(tmp_path: Path) -> None:
    core = b"<!doctype html>\n<p>all went well</p>\n</html>\n"
    text = f"# all went well\n\nHTML: SHA-256 `{sha256(core).hexdigest()}`\n".encode()
    page = core + verify.CORE_END + b64encode(text) + b" -->\n"
    said = json.dumps({"up_to_version": 2, "report_sha256": sha256(text).hexdigest()})
    drafts = [*SMALL.drafts, Draft(MINE, "EvaluationCompleted", said)]
    folder = written(small(drafts=drafts).files(), tmp_path / "case")
    other = page.replace(b"well", b"ill", 1)
    for number, (content, code) in enumerate(
        ((page, 0), (text, 0), (other, 1), (core, 2), (text + b"\n", 2), (b"", 2))
    ):
        file = tmp_path / f"report-{number}"
        file.write_bytes(content)
        assert ran(folder, "--report", file)[0] == code
