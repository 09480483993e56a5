"""Findings in words, Chinese and English, each naming both checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.values import Text
from services.client.checkpoints.comparison import Alarm, Status
from services.client.checkpoints.evidence import Verdict

if TYPE_CHECKING:
    from services.client.checkpoints.comparison import Finding, Kept

ALARMS: dict[Alarm, Text] = {
    Alarm.FORKED: Text.of(
        "日志被改写或分叉：现在的日志不以您保存的检查点为开头",
        "the log was rewritten or forked: it does not begin with the checkpoint that you kept",
    ),
    Alarm.SHRUNK: Text.of(
        "日志变短了：少于它签名过的内容", "the log is smaller than what it signed before"
    ),
    Alarm.VANISHED: Text.of(
        "服务不再出示任何签名的检查点", "the service shows nothing as signed any more"
    ),
    Alarm.UNPROVEN: Text.of(
        "服务没有证明日志以您保存的检查点为开头",
        "the service does not prove that the log begins with the checkpoint that you kept",
    ),
    Alarm.KEY_CHANGED: Text.of(
        "服务出示的是另一名称或另一密钥的日志", "the service shows a log of another name or key"
    ),
    Alarm.SIGNATURE_INVALID: Text.of(
        "服务出示的检查点没有日志密钥的有效签名",
        "the checkpoint that the service shows is not signed by the log's key",
    ),
    Alarm.LINEAGE_UNEXPLAINED: Text.of(
        "日志以新的谱系继续，但没有证明相应的分歧已被确认",
        "the log goes on as a new lineage, and it is not proven that a divergence was acknowledged",
    ),
    Alarm.LINEAGE_DIFFERS: Text.of(
        "有人确认了分歧，日志以新的谱系继续；自位置 {position} 起不再是您保存的内容，"
        "也无法证明原因",
        "a divergence was acknowledged and the log goes on as a new lineage; from position "
        "{position} on it is not what you kept, and nothing proves why",
    ),
}
VERDICTS: dict[Verdict, Text] = {
    Verdict.PROVEN: Text.of(
        "已证明：同一密钥签名了两个检查点，而两者互不为开头",
        "proven: one key signed both checkpoints, and neither log begins with the other",
    ),
    Verdict.SIGNED: Text.of(
        "两个检查点都由日志签名；持有日志者须证明一个以另一个为开头",
        "the log signed both checkpoints; who holds it must show that one begins with the other",
    ),
    Verdict.NOT_PROVEN: Text.of(
        "未证明：两个检查点并非由同一日志签名", "not proven: they are not signed by one log"
    ),
}
NEW_LINEAGE = Text.of(
    "日志在确认分歧后自位置 {position} 起以新的谱系继续；已证明您保存的内容都在其中",
    "a divergence was acknowledged and from position {position} on the log goes on as a new "
    "lineage; what you kept is proven to be in it",
)
LACKS_HEADS = Text.of(
    "日志不再签名各流最新版本的索引（muster-heads/1）：无法再证明什么是最新的",
    "the log signs its map of heads (muster-heads/1) no more: what is newest can't be proven",
)
KEPT = Text.of("保存的检查点", "kept")
SHOWN = Text.of("现在出示的", "shown now")
KEY = Text.of("密钥", "key")
ACKNOWLEDGED = Text.of("确认者", "acknowledged by")
EVIDENCE = Text.of("证据", "evidence")
PROVES = Text.of("证据本身即可向任何人证明分叉", "the evidence proves the fork to anybody")
NOTHING = Text.of("无", "none")


def headline(finding: Finding, language: str) -> str:
    """Say in a sentence what is wrong, or what is to be known; empty if nothing is."""
    if finding.alarm is not None:
        said = ALARMS[finding.alarm]
    elif finding.status is Status.NEW_LINEAGE:
        said = NEW_LINEAGE
    elif finding.lacks_heads:
        said = LACKS_HEADS
    else:
        return ""
    position = min((one.differs_from for one in finding.ended), default=0)
    return said.said_in(language).format(position=position)


def reason_of(finding: Finding) -> str:
    """Return the constant that names it to programs."""
    if finding.alarm is None and finding.status is not Status.NEW_LINEAGE and finding.lacks_heads:
        return "LOG_LACKS_HEADS"
    return f"LOG_{(finding.alarm or finding.status).upper()}"


def details(finding: Finding, language: str) -> dict[str, str]:
    """Name both checkpoints, who acknowledged what, and where the evidence is."""
    said = {KEPT.said_in(language): _checkpoint(finding.kept, language)}
    said[SHOWN.said_in(language)] = _checkpoint(finding.shown, language)
    for one in finding.ended:
        about = f"{one.actor}: {one.reason} ({one.divergence}, @{one.position})"
        said[f"{ACKNOWLEDGED.said_in(language)} /{one.lineage}"] = about
    if finding.evidence is not None:
        said[EVIDENCE.said_in(language)] = str(finding.evidence)
    if finding.conclusive:
        said[PROVES.said_in(language)] = "muster checkpoint evidence"
    return said


def _checkpoint(kept: Kept | None, language: str) -> str:
    if kept is None:
        return NOTHING.said_in(language)
    one = kept.checkpoint
    when = kept.kept_at.isoformat(" ", "seconds")
    key = f"{KEY.said_in(language)} {kept.key.vkey}"
    heads = f"heads {one.heads.hex()}, " if one.heads else ""
    return f"{one.origin}, {one.size}, root {one.root.hex()}, {heads}{when}, {key}"
