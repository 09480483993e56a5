"""The questions of `muster plan new`: each with the answer of the plan it begins from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import typer
from pydantic import TypeAdapter, ValidationError

from compiler.driver import shipped
from compiler.scaffold import plan_of
from domain.plan.model.plan import Plan
from domain.plan.model.quantities import Persons, Width
from domain.plan.model.space import PassageKind, VenueType
from domain.texts import visible
from domain.values import Id
from services.cli.output.answers import Output

ID: TypeAdapter[str] = TypeAdapter(Id)
PERSONS: TypeAdapter[int] = TypeAdapter(Persons)
METRES: TypeAdapter[float] = TypeAdapter(Width)


class Questions(NamedTuple):
    """Asks on the error stream, so that an answer for programs stays alone on the other."""

    output: Output

    def answered(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what was given with what is asked beside it."""
        begins_from = given.get("begins_from") or self._plan()
        if begins_from not in shipped():
            return {**given, "begins_from": begins_from}
        plan = plan_of(begins_from)
        name = given.get("id") or self._id(
            "预案编号（小写字母、数字、连字符）", "The plan's id", None
        )
        title = self._title(given.get("title"), "预案名称", "The plan's title", plan.title)
        return {
            "begins_from": begins_from,
            "id": name,
            "title": title,
            "venue": self._venue(given.get("venue") or {}, plan),
            "holders": given.get("holders") or self._holders(plan),
        }

    def _plan(self) -> str:
        plans = {name: plan_of(name) for name in shipped()}
        for name, plan in plans.items():
            typer.echo(
                visible(f"  {name:20}  {plan.title.said_in(self.output.language)}"), err=True
            )
        choice = _one_of([*plans])
        return str(self._ask("从哪份预案开始", "Which plan to begin from", None, read=choice))

    def _venue(self, given: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
        venue = plan.venues[0]
        kinds = _one_of([kind.value for kind in VenueType])
        kind = venue.type.value if venue.type else None
        answers: dict[str, Any] = {
            "id": given.get("id") or self._id("场所编号", "The venue's id", None),
            "title": self._title(given.get("title"), "场所名称", "The venue's name", None),
            "type": given.get("type") or self._ask("场所类型", "What it is", kind, read=kinds),
            "address": given.get("address") or self._ask("地址", "Its address", venue.address),
        }
        capacities, widths = given.get("capacities") or {}, given.get("widths") or {}
        if not capacities:
            zones = {zone.id: (zone.title, zone.capacity) for zone in venue.zones}
            if self._whether("逐个填写区域容量？", "Say how many each zone holds?"):
                capacities = self._each(zones, PERSONS.validate_python, int)
        if not widths:
            doors = {
                one.id: (one.title, one.width_m)
                for one in venue.passages
                if one.kind is not PassageKind.LIFT
            }
            if self._whether("逐个填写通道净宽（米）？", "Say how wide each way is, in metres?"):
                widths = self._each(doors, METRES.validate_python, float)
        return {**answers, "capacities": capacities, "widths": widths}

    def _holders(self, plan: Plan) -> dict[str, Any]:
        if not self._whether("逐个填写岗位由谁担任？", "Say who holds each post?"):
            return {}
        holders = {}
        for post in plan.posts.values():
            contact = plan.people[post.holder]
            typer.echo(visible(f"{post.title.said_in(self.output.language)}:"), err=True)
            name = self._id("  担任者编号", "  id of who holds it", contact.id)
            title = self._title(None, "  担任者职务", "  what they are called", contact.title)
            holders[post.id] = {"id": name, "title": title}
        return holders

    def _each(
        self,
        known: Mapping[str, tuple[Any, Any]],
        valid: Callable[[Any], Any],
        number: Callable[[str], Any],
    ) -> dict[str, Any]:
        def read(text: str) -> Any:
            return valid(number(text))

        return {
            name: self._ask(f"  {title.zh}", f"  {title.en}", default, read=read)
            for name, (title, default) in known.items()
        }

    def _title(self, given: Any, zh: str, en: str, default: Any) -> Any:
        said = dict(given) if isinstance(given, Mapping) else {}
        for language, name in (("zh", "中文"), ("en", "English")):
            if not said.get(language):
                known = default.said_in(language) if default else None
                said[language] = self._ask(f"{zh}（{name}）", f"{en} ({name})", known)
        return said

    def _id(self, zh: str, en: str, default: str | None) -> str:
        return str(self._ask(zh, en, default, read=ID.validate_python))

    def _whether(self, zh: str, en: str) -> bool:
        return typer.confirm(self.output.said(zh, en), default=False, err=True)

    def _ask(
        self,
        zh: str,
        en: str,
        default: Any,
        *,
        read: Callable[[str], Any] = str,
    ) -> Any:
        """Ask until the answer can be understood."""
        question = self.output.said(zh, en)
        return typer.prompt(question, default=default, err=True, value_proc=_understood(read))


def _one_of(choices: Sequence[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(", ".join(choices))
        return text

    return read


def _understood(read: Callable[[str], Any]) -> Callable[[str], Any]:
    def value(text: str) -> Any:
        try:
            return read(text)
        except ValidationError as error:
            raise typer.BadParameter(error.errors(include_url=False)[0]["msg"]) from None
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    return value
