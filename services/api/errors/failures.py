"""Why a call fails, and how it is told: `google.rpc.Status` with details, in two languages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from muster.v1 import errors_pb2, options_pb2

from domain.limits import COMMAND_EVENTS_MAX
from domain.values import Text
from eventstore.postgres.errors import LogClosed, LogDiverged, LogUnavailable, Overloaded

if TYPE_CHECKING:
    from domain.decider import CommandEnvelope, Refused

_PLACE = re.compile(r"\{(\w+)\}")


class Saying(NamedTuple):
    """What the contract says of a reason."""

    code: int
    text: Text
    places: frozenset[str]
    """The names of what is filled in."""


def _catalogue() -> dict[str, Saying]:
    found = {}
    for value in errors_pb2.ErrorReason.DESCRIPTOR.values:
        said: Any = value.GetOptions().Extensions[options_pb2.error]
        if value.number:
            places = frozenset(_PLACE.findall(said.zh + said.en))
            name = value.name.removeprefix("ERROR_REASON_")
            found[name] = Saying(said.code, Text.of(said.zh, said.en), places)
    return found


CATALOGUE: Mapping[str, Saying] = _catalogue()
"""Every reason of the contract."""


class Violation(NamedTuple):
    """A field that is not as it must be, by its path in the request."""

    field: str
    rule: str
    text: Text

    @classmethod
    def of(cls, field: str, rule: str) -> Self:
        """Return a violation of a rule that needs no figures."""
        return cls(field, rule, PLAIN_RULES[rule])


PLAIN_RULES: Mapping[str, Text] = {
    "moment_out_of_range": Text.of(
        "时间须在公元1年至9999年之间", "a moment must lie between the years 1 and 9999"
    ),
    "span_out_of_range": Text.of("时长过大", "the span is too long"),
    "missing": Text.of("必填", "required"),
    "uuid": Text.of(
        "须为UUID，例如 0b8e4f3c-3f0e-4f5e-9f52-6a7d1c2b3a40",
        "must be a UUID, such as 0b8e4f3c-3f0e-4f5e-9f52-6a7d1c2b3a40",
    ),
    "not_a_message": Text.of("无法解析的消息", "the bytes are no message of this type"),
    "not_together": Text.of("不能与续读标记同时使用", "can't be used together with a resume token"),
    "unseen": Text.of(
        "不能含有控制字符或方向标记", "must hold no control characters and no marks of direction"
    ),
    "blank": Text.of("须含有可见的文字", "must hold something that can be seen"),
    "nul": Text.of("不能含有空字符", "must not hold the character NUL"),
    "stream": Text.of("写作 <类别>/<名称>", "must be <category>/<id>"),
    "not_after_second": Text.of("不能大于 second", "must not be after second"),
    "not_both": Text.of("不能与文档同时给出", "can't be given together with a document"),
    "venue": Text.of("须为预案中的场所", "must be a venue of the plan"),
    "state": Text.of("须为已知的状态", "must be a known state"),
    "too_many_events": Text.of(
        f"所产生的事件最多{COMMAND_EVENTS_MAX}个",
        f"must lead to at most {COMMAND_EVENTS_MAX} events",
    ),
    "page_size": Text.of("须为0至500", "must be 0 to 500"),
    "not_negative": Text.of("不能为负数", "must not be negative"),
    "too_many": Text.of("最多256条命令", "at most 256 commands"),
    "too_long_for_a_line": Text.of("最多2000个字符", "at most 2000 characters"),
    "mail_address": Text.of("须为邮件地址", "must be a mail address"),
    "mail_local_part": Text.of(
        "邮件地址@之前的部分只能用英文字母、数字和符号（域名可用中文）",
        "must be ASCII before the @, for not every mail server takes more; its domain need not be",
    ),
    "web_credentials": Text.of(
        "地址中不能含用户名或密码（不会被发送），请用签名验证",
        "must not hold a user name or password, which are not sent: verify the signature",
    ),
    "host_name": Text.of(
        "主机名须由点分隔的标签组成，每个标签1至63个字母、数字、连字符，"
        "或为国际化域名（IDNA 2008）",
        "must hold a host name: labels of 1 to 63 letters, digits and hyphens between dots, "
        "or an international name by IDNA 2008",
    ),
    "web_address": Text.of("须为 http 或 https 地址", "must be an http or https address"),
    "bookmark_interval": Text.of("须为1秒至1小时", "must be 1 s to 1 h"),
}


class Failure(Exception):
    """A call can't be answered; `reason` is a name of the catalogue."""

    def __init__(
        self,
        reason: str,
        metadata: Mapping[str, str] | None = None,
        *,
        violations: Sequence[Violation] = (),
        subject: str = "",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.metadata = metadata or {}
        self.violations = violations
        self.subject = subject
        """What it is about: a stream."""

    def inside(self, field: str) -> Self:
        """Return the same failure, its fields being inside another one."""
        self.violations = [one._replace(field=_inside(field, one.field)) for one in self.violations]
        return self

    @property
    def code(self) -> int:
        """Return the gRPC status code."""
        return CATALOGUE[self.reason].code

    def message(self, language: str) -> str:
        """Return what people are told."""
        text = CATALOGUE[self.reason].text.said_in(language)
        return _PLACE.sub(lambda place: self.metadata.get(place[1], "?"), text)


def of_refusal(refused: Refused, asked: CommandEnvelope, stream: str) -> Failure:
    """Return a refusal with what its text needs: what was found, and what was asked."""
    reason = refused.reason.value
    metadata = dict(refused.details)
    for place in CATALOGUE[reason].places - metadata.keys():
        said = asked.who if place == "who" else getattr(asked.command, place, None)
        if said is not None:
            metadata[place] = str(said)
    violations: Sequence[Violation] = ()
    if reason == "REASON_REQUIRED":
        violations = [REASON_MISSING]
    elif reason == "EVENTS_TOO_MANY":
        fields = MANY_BY.get(asked.command.kind, ())
        field = next((one for one in fields if getattr(asked.command, one)), "")
        violations = [Violation.of(field, "too_many_events")]
    return Failure(reason, metadata, violations=violations, subject=stream)


MANY_BY: Mapping[str, Sequence[str]] = {
    "RaiseWarning": ("measures",),
    "ActivateResponse": ("measures", "level"),
    "ChangeResponseLevel": ("level",),
    "PublishNotice": ("notice",),
}
"""Which fields of a command say how many events it leads to; of the others, none alone."""

REASON_MISSING = Violation.of("context.reason", "missing")


def of_error(error: Exception) -> Failure | None:
    """Return what an error of the log means to a caller; None for a defect."""
    match error:
        case Failure():
            return error
        case LogClosed():
            return Failure("SHUTTING_DOWN")
        case LogUnavailable():
            return Failure("LOG_UNAVAILABLE")
        case LogDiverged():
            return Failure("LOG_DIVERGED")
        case Overloaded():
            return Failure("OVERLOADED")
        case _:
            return None


def _inside(field: str, path: str) -> str:
    return f"{field}{path}" if path.startswith("[") else f"{field}.{path}"
