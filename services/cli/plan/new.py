"""`muster plan new`: a plan of one's own, begun from one that ships, with what it must know."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from compiler import driver
from compiler.diagnostics.faults import said
from compiler.driver import Inspection
from compiler.report.text import render
from compiler.scaffold import Answers, NotThere, scaffolded
from compiler.syntax import yaml
from services.cli.output.answers import Output
from services.cli.output.failure import Failure
from services.cli.plan.questions import Questions
from services.cli.session.session import offline
from services.runtime.exit_codes import Exit

STANDARD_OUTPUT = "-"
HOLDER_PARTS = 3
"""An id, and a title in two languages."""

From = Annotated[
    str | None, typer.Option("--from", metavar="PLAN", help="The shipped plan to begin from.")
]
PlanId = Annotated[str | None, typer.Option("--id", help="What the plan is called by programs.")]
TitleZh = Annotated[str | None, typer.Option(help="The plan's title in Chinese.")]
TitleEn = Annotated[str | None, typer.Option(help="The plan's title in English.")]
VenueId = Annotated[
    str | None, typer.Option("--venue", help="What the venue is called by programs.")
]
VenueZh = Annotated[str | None, typer.Option(help="The venue's name in Chinese.")]
VenueEn = Annotated[str | None, typer.Option(help="The venue's name in English.")]
VenueKind = Annotated[
    str | None, typer.Option("--type", help="What the venue is: mall, metro_station, hospital …")
]
Address = Annotated[str | None, typer.Option(help="Where the venue is.")]
Capacity = Annotated[
    list[str] | None, typer.Option(metavar="ZONE=PERSONS", help="Persons at once; repeatable.")
]
Width = Annotated[
    list[str] | None, typer.Option(metavar="PASSAGE=METRES", help="Clear width; repeatable.")
]
HolderOption = Annotated[
    list[str] | None,
    typer.Option("--holder", metavar="POST=ID:中文:ENGLISH", help="Who holds a post; repeatable."),
]
AnswersFile = Annotated[
    Path | None, typer.Option("--answers", metavar="FILE", help="The answers, in YAML or JSON.")
]
Out = Annotated[
    str | None, typer.Option(metavar="FILE", help="ID.yaml if left out; - is standard output.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Ask nothing; leave the rest as it ships.")]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    offline(app, "new")(new)


def new(  # noqa: PLR0913, PLR0917 - an option for each answer
    output: Output,
    begins_from: From = None,
    plan: PlanId = None,
    title_zh: TitleZh = None,
    title_en: TitleEn = None,
    venue: VenueId = None,
    venue_zh: VenueZh = None,
    venue_en: VenueEn = None,
    kind: VenueKind = None,
    address: Address = None,
    capacity: Capacity = None,
    width: Width = None,
    holder: HolderOption = None,
    answers: AnswersFile = None,
    out: Out = None,
    *,
    yes: Yes = False,
    force: Force = False,
) -> None:
    """Begin a plan from one that ships: it asks what it must know. Needs no service."""
    given = _from_file(answers, output) if answers else {}
    venue_given = {
        "id": venue,
        "title": _text(venue_zh, venue_en),
        "type": kind,
        "address": address,
        "capacities": _pairs("--capacity", capacity, _number),
        "widths": _pairs("--width", width, _number),
    }
    told = {
        "begins_from": begins_from,
        "id": plan,
        "title": _text(title_zh, title_en),
        "venue": venue_given,
        "holders": _pairs("--holder", holder, _holder),
    }
    merged = _merged(given, told)
    asked = merged if yes or answers else Questions(output).answered(merged)
    _write(_understood(asked, output), out, output, force=force)


def _write(answers: Answers, out: str | None, output: Output, *, force: bool) -> None:
    try:
        text = scaffolded(answers, datetime.now().astimezone().date())
    except NotThere as error:
        raise _not_there(error, output) from None
    name = out or f"{answers.id}.yaml"
    found = driver.inspect(text, name)
    if found.errors:
        raise _unworkable(found, output)
    if name == STANDARD_OUTPUT:
        sys.stdout.write(text)
        return
    if Path(name).exists() and not force:
        text = output.said("文件已存在，未覆盖", "the file is there already and was left alone")
        hint = output.said(
            "用 --out 换一个名称，或加 --force", "choose another with --out, or --force"
        )
        raise Failure(Exit.USAGE, "FILE_EXISTS", f"{name}: {text}", hint=hint)
    try:
        Path(name).write_text(text, encoding="utf-8")
    except OSError as error:
        text = f"{name}: {error.strerror or error}"
        raise Failure(Exit.USAGE, "FILE_UNWRITABLE", text) from None
    answer = {"file": name, "plan": answers.id, "warnings": len(found.diagnostics)}
    output.show(answer, lambda: _told(name, found, output))


def _told(name: str, found: Inspection, output: Output) -> str:
    shown = render(found.diagnostics, output.language)
    number = len(found.diagnostics)
    counted = "1 warning" if number == 1 else f"{number} warnings"
    done = output.said(f"{name} 已写好：0 个错误，{number} 个警告", f"{name}: 0 errors, {counted}")
    then = output.said(
        f"区域、通道、宽度和物资仍是样板的，请按实际修改，再运行\nmuster plan check {name}",
        "Zones, ways, widths and stock are still those of the plan it began from:\n"
        f"make them true, then run\nmuster plan check {name}",
    )
    return "\n\n".join(part for part in (shown, done, then) if part)


def _understood(asked: Mapping[str, Any], output: Output) -> Answers:
    try:
        return Answers.model_validate(asked)
    except ValidationError as error:
        fields = {
            ".".join(str(step) for step in one["loc"]): one["msg"]
            for one in error.errors(include_url=False)
        }
        text = output.said(
            "回答不完整或有误，没有写文件", "answers are missing or wrong; nothing was written"
        )
        raise Failure(Exit.USAGE, "ANSWERS_INVALID", text, fields=fields) from None


def _not_there(error: NotThere, output: Output) -> Failure:
    text = output.said(f"样板中没有“{error.name}”", f"the plan to begin from has no '{error.name}'")
    known = ", ".join(error.known)
    return Failure(Exit.USAGE, "ANSWERS_INVALID", text, fields={error.key: known})


def _unworkable(found: Inspection, output: Output) -> Failure:
    """Say which answers the plan can't work with; the lines are those that would be written."""
    text = output.said(
        "按这些回答，预案不能生效，没有写文件",
        "with these answers the plan can't work; nothing was written",
    )
    said_so = {
        f"{one.path} [{one.code}]": one.message.said_in(output.language) for one in found.errors
    }
    return Failure(Exit.USAGE, "PLAN_INVALID", text, fields=said_so)


def _from_file(file: Path, output: Output) -> dict[str, Any]:
    try:
        text = file.read_bytes()
        yaml.limit(text)
        plain = yaml.read(text.decode("utf-8-sig")).plain
    except OSError as error:
        text_of = f"{file}: {error.strerror or error}"
        raise Failure(Exit.USAGE, "FILE_UNREADABLE", text_of) from None
    except UnicodeDecodeError:
        raise Failure(Exit.USAGE, "ANSWERS_INVALID", f"{file}: UTF-8?") from None
    except yaml.SyntaxFault as misread:
        what = said(misread.fault, **misread.found).said_in(output.language)
        place = f"{file}:{misread.spot.line}:{misread.spot.column}"
        raise Failure(Exit.USAGE, "ANSWERS_INVALID", f"{place}: {what}") from None
    if isinstance(plain, dict):
        return dict(plain)
    raise Failure(Exit.USAGE, "ANSWERS_INVALID", f"{file}: {{begins_from: …, id: …, venue: …}}")


def _merged(given: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a file says with what the options say in its place."""
    merged = dict(given)
    for key, value in told.items():
        below = merged.get(key)
        if isinstance(value, Mapping):
            inner = _merged(below if isinstance(below, Mapping) else {}, value)
            if inner:
                merged[key] = inner
        elif value is not None:
            merged[key] = value
    return merged


def _text(zh: str | None, en: str | None) -> dict[str, str | None]:
    return {"zh": zh, "en": en}


def _pairs(option: str, given: Sequence[str] | None, read: Any) -> dict[str, Any]:
    pairs = {}
    for one in given or ():
        name, is_there, value = one.partition("=")
        if not is_there:
            raise typer.BadParameter(f"{one!r}: NAME=…", param_hint=option)
        pairs[name] = read(option, value)
    return pairs


def _number(option: str, value: str) -> float | int:
    try:
        return int(value) if value.isdecimal() else float(value)
    except ValueError:
        raise typer.BadParameter(f"{value!r} is no number", param_hint=option) from None


def _holder(option: str, value: str) -> dict[str, Any]:
    parts = value.split(":")
    if len(parts) != HOLDER_PARTS:
        raise typer.BadParameter(f"{value!r}: ID:中文:ENGLISH", param_hint=option)
    holder, zh, en = parts
    return {"id": holder, "title": {"zh": zh or None, "en": en or None}}
