"""What each fact says to people, in Chinese and in English: one sentence per kind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from services.runtime.vocabulary import Language, day_and_clock, language_of, said, word


class Sentence(NamedTuple):
    """A sentence in two languages, with the fact's fields in braces."""

    zh: str
    en: str


SENTENCES: dict[str, Sentence] = {
    # opening
    "IncidentOpened": Sentence(
        "事件在 {venue} 启动（{hazard}），适用预案 {plan}，{mode}",
        "Incident opened at {venue} ({hazard}) under plan {plan}, {mode}",
    ),
    "WarningRaised": Sentence(
        "发布{colour}预警，范围 {scope}：{matters}（发布：{issuer}）",
        "{colour} warning for {scope}: {matters} (issued by {issuer})",
    ),
    "WarningAdjusted": Sentence(
        "预警调整为{colour}，范围 {scope}：{matters}",
        "Warning adjusted to {colour} for {scope}: {matters}",
    ),
    "WarningCancelled": Sentence("预警解除（{issuer}）", "Warning cancelled by {issuer}"),
    "AlarmReported": Sentence(
        "{zone} 报警（{source}），须于 {verify_by} 前核实",
        "Alarm in {zone} from {source}; to be verified by {verify_by}",
    ),
    "AlarmVerified": Sentence("警情属实", "Alarm verified"),
    "AlarmFoundFalse": Sentence("误报", "Alarm found false"),
    "AlarmLeftUnverified": Sentence("警情逾时未核实", "Alarm left unverified"),
    "IncidentStoodDown": Sentence("事件解除，未启动响应", "Incident stood down"),
    # response
    "ResponseActivated": Sentence(
        "启动{level}级响应：{matters}", "Level {level} response activated: {matters}"
    ),
    "ResponseLevelChanged": Sentence(
        "响应级别由 {was} 级调整为 {level} 级", "Response level changed from {was} to {level}"
    ),
    "ResponseTerminated": Sentence("响应终止，转入善后", "Response terminated; aftermath begins"),
    "GateOverruled": Sentence("关口被否决放行：{unmet}", "Gate overruled ({gate}): {unmet}"),
    "PostOffered": Sentence(
        "请 {person} 担任 {post}，{accept_by} 前答复",
        "{post} offered to {person} until {accept_by}",
    ),
    "PostAccepted": Sentence("{person} 就任 {post}", "{person} took {post}"),
    "PostDeclined": Sentence("{person} 谢绝 {post}", "{person} declined {post}"),
    "PostOfferExpired": Sentence(
        "{person} 逾时未答复 {post}", "{person} did not answer the offer of {post} in time"
    ),
    "PostLeftVacant": Sentence("{post} 无人到位", "{post} is left vacant"),
    "CommandTransferred": Sentence(
        "指挥权由 {from_person} 移交 {to_person}：{briefing}",
        "Command passed from {from_person} to {to_person}: {briefing}",
    ),
    "MeasureImposed": Sentence("采取措施：{title}", "Measure imposed: {title}"),
    "MeasureLifted": Sentence("解除措施 {measure}", "Measure {measure} lifted"),
    "MeasureHandedOver": Sentence(
        "措施 {measure} 移交 {owner}", "Measure {measure} now owned by {owner}"
    ),
    "EvacuationOrdered": Sentence("下令疏散 {zone}", "Evacuation of {zone} ordered"),
    "ZoneCleared": Sentence(
        "{zone} 已清空（{searched_by} 搜索）", "{zone} cleared, searched by {searched_by}"
    ),
    "UnaccountedReported": Sentence(
        "{zone} 尚有 {persons} 人下落不明", "{persons} unaccounted for in {zone}"
    ),
    "AssistanceRegistered": Sentence("{zone} 有人需协助：{need}", "Help needed in {zone}: {need}"),
    "AssistanceGiven": Sentence("协助 {assistance} 已完成", "Help given: {assistance}"),
    # duties
    "NotificationOrdered": Sentence(
        "通知 {to}：{message}（{about}）", "Tell {to}: {message} ({about})"
    ),
    "NotificationDelivered": Sentence(
        "通知 {notification} 已由{channel}送达", "{notification} delivered by {channel}"
    ),
    "NotificationFailed": Sentence(
        "通知 {notification} 未送达：{cause}", "{notification} not delivered: {cause}"
    ),
    "NotificationWithdrawn": Sentence("通知 {notification} 撤回", "{notification} withdrawn"),
    "TaskAssigned": Sentence(
        "任务 {task}（{title}）交 {post}，{acknowledge_by} 前确认",
        "Task {task} ({title}) assigned to {post}; acknowledge by {acknowledge_by}",
    ),
    "TaskAcknowledged": Sentence("{person} 确认任务 {task}", "{person} acknowledged {task}"),
    "TaskEscalated": Sentence(
        "任务 {task} 无人确认，升级至 {to}，{acknowledge_by} 前确认",
        "Task {task} escalated to {to}; acknowledge by {acknowledge_by}",
    ),
    "EscalationAnswered": Sentence(
        "{person} 应答任务 {task}，尚待其他人应答", "{person} answered for {task}; more must answer"
    ),
    "TaskLeftUnanswered": Sentence("任务 {task} 始终无人确认", "Nobody acknowledged {task}"),
    "TaskStarted": Sentence("{person} 开始任务 {task}", "{person} started {task}"),
    "TaskFinished": Sentence("{person} 完成任务 {task}", "{person} finished {task}"),
    "TaskDeclaredImpossible": Sentence(
        "{person} 报告任务 {task} 无法完成", "{person} cannot do {task}"
    ),
    "TaskOverdue": Sentence("任务 {task} 逾期（{missed}）", "Task {task} overdue ({missed})"),
    "TaskLapsed": Sentence("任务 {task} 随阶段结束", "Task {task} lapsed with its phase"),
    "TaskRepeatExpected": Sentence(
        "任务 {task} 将于 {assign_at} 再次下达", "Task {task} to be assigned again at {assign_at}"
    ),
    "ReportExpected": Sentence(
        "报告 {report} 须于 {due_at} 前提交", "Report {report} due {due_at}"
    ),
    "SituationReported": Sentence(
        "报告 {report} 第 {number} 次：{summary}", "Report {report}, no. {number}: {summary}"
    ),
    "ReportMissed": Sentence("报告 {report} 逾期", "Report {report} missed"),
    "ReportNoLongerExpected": Sentence(
        "报告 {report} 不再需要", "Report {report} no longer expected"
    ),
    # means
    "ResourceRequested": Sentence(
        "请求 {quantity} 支 {resource_kind} 到 {zone}，{arrive_by} 前到达",
        "{quantity} of {resource_kind} requested at {zone} by {arrive_by}",
    ),
    "UnitDispatched": Sentence("派出 {unit}（{request}）", "{unit} dispatched for {request}"),
    "UnitArrived": Sentence("{unit} 到达现场", "{unit} arrived"),
    "UnitOverdue": Sentence("{request} 逾时未到齐", "Units of {request} overdue"),
    "UnitReleased": Sentence("{unit} 撤出", "{unit} released"),
    "UnitReturned": Sentence("{unit} 归队", "{unit} returned"),
    "ResourceUnavailable": Sentence(
        "{request} 缺 {missing} 支，无可用力量", "{missing} missing of {request}; none to be had"
    ),
    "ResourceRequestCancelled": Sentence("{request} 取消", "Request {request} cancelled"),
    "NoticeDrafted": Sentence(
        "{drafted_by} 起草公告 {notice}：{text}", "{drafted_by} drafted notice {notice}: {text}"
    ),
    "NoticeApproved": Sentence(
        "{approved_by} 批准公告 {notice}", "{approved_by} approved {notice}"
    ),
    "NoticeRejected": Sentence(
        "{rejected_by} 退回公告 {notice}", "{rejected_by} rejected {notice}"
    ),
    "NoticePublished": Sentence("公告 {notice} 发布", "Notice {notice} published"),
    "FirstNoticeMissed": Sentence("首次公告逾期", "First notice to the public missed"),
    "NoticeExpected": Sentence(
        "公告 {rule} 须于 {due_at} 前发布", "The public to be told of {rule} by {due_at}"
    ),
    "NoticeMissed": Sentence("公告 {rule} 逾期未发布", "The public was not told of {rule} in time"),
    "NoticeNoLongerExpected": Sentence(
        "公告 {rule} 不再需要", "The public need not be told of {rule} any more"
    ),
    # aftermath
    "DamageRecorded": Sentence("损失 {asset}：{description}", "Damage to {asset}: {description}"),
    "EvaluationCompleted": Sentence(
        "评估完成，截至第 {up_to_version} 条", "Evaluated up to version {up_to_version}"
    ),
    "FindingAdded": Sentence(
        "评估发现 {finding}：{text}（依据 {cites}）", "Finding {finding}: {text} (cites {cites})"
    ),
    "CorrectiveActionProposed": Sentence(
        "整改 {action}：{text}（责任 {owner}）", "Action {action}: {text} (owner {owner})"
    ),
    "IncidentClosed": Sentence("事件结案", "Incident closed"),
    # people
    "ReportCorrected": Sentence(
        "更正报告 {filing}：{summary}；人数 {headcount}，伤亡 {casualties}，时间 {happened_at}",
        "Report {filing} corrected: {summary}; headcount {headcount}, casualties {casualties}, "
        "at {happened_at}",
    ),
    "DamageCorrected": Sentence(
        "更正损失 {damage}：{asset}，{description}，估计 {estimate_fen} 分，时间 {happened_at}",
        "Damage {damage} corrected: {asset}, {description}, {estimate_fen} fen, at {happened_at}",
    ),
    "PersonRecorded": Sentence("登记人员 {person}（{concern}）", "{person} on file ({concern})"),
    "PersonalDataErased": Sentence(
        "依据{basis}命令删除 {person} 的个人信息",
        "Ordered to erase the personal data of {person} under {basis}",
    ),
    "LegalHoldPlaced": Sentence(
        "{authority}要求保全 {hold}（{person}）", "{authority} holds {hold} ({person})"
    ),
    "LegalHoldLifted": Sentence("解除保全 {hold}", "Hold {hold} lifted"),
    "ExportRecorded": Sentence(
        "案卷按此前状态导出（{export}）", "Case exported as it stood before this ({export})"
    ),
    # plans, units, contacts
    "PlanDrafted": Sentence(
        "{by} 提交预案 {ref}（草案 {draft}）", "{ref} handed in by {by} as draft {draft}"
    ),
    "PlanReviewed": Sentence(
        "{by} 审核通过预案 {ref}（草案 {draft}）", "{ref}, draft {draft}, reviewed by {by}"
    ),
    "PlanReturned": Sentence(
        "{by} 退回预案 {ref}（草案 {draft}）", "{ref}, draft {draft}, returned by {by}"
    ),
    "PlanApproved": Sentence(
        "{by} 批准预案 {ref}（草案 {draft}）", "{ref}, draft {draft}, approved by {by}"
    ),
    "PlanWithdrawn": Sentence(
        "{by} 撤回预案 {ref}（草案 {draft}）", "{ref}, draft {draft}, withdrawn by {by}"
    ),
    "PlanPublished": Sentence("预案发布", "Plan published"),
    "UnitRegistered": Sentence("登记力量 {unit}", "Unit {unit} registered"),
    "UnitReserved": Sentence(
        "预留给 {incident} 的 {request}", "Reserved for {request} of {incident}"
    ),
    "UnitReservationReleased": Sentence("解除预留 {request}", "Reservation for {request} released"),
    "UnitPutOutOfService": Sentence("停止服务：{cause}", "Out of service: {cause}"),
    "UnitReturnedToService": Sentence("恢复服务", "Returned to service"),
    "ContactRegistered": Sentence("登记联系人 {person}", "Contact {person} registered"),
    "ContactChanged": Sentence("变更联系人 {person}", "Contact {person} changed"),
    # the log itself
    "PersonalDataDisclosed": Sentence(
        "查看 {person} 的个人信息（{incident}）", "Personal data of {person} shown ({incident})"
    ),
    "CaseRead": Sentence(
        "{reader} 查阅案卷 {incident}（{what}）", "{reader} read case {incident} ({what})"
    ),
    "CaseExported": Sentence("导出案卷 {incident}", "Case {incident} exported"),
    "DivergenceAcknowledged": Sentence(
        "确认日志不符之处 {divergence}，继续记录", "Divergence {divergence} of the log acknowledged"
    ),
}
"""Every kind of fact that the log may hold; a test keeps it complete."""


def sentence(kind: str, data: str, language: str, zone: tzinfo | None = None) -> str:
    """Say a stored fact in a language; an unknown kind is said by its name.

    Moments are those of a time zone: of this machine's, unless another is given.
    """
    known = SENTENCES.get(kind)
    if known is None:
        return kind
    said_of = Reading(language, zone)
    fields = {name: said_of.shown(name, value) for name, value in json.loads(data).items()}
    template = known.zh if language_of(language) == "zh" else known.en
    text = template.format_map(fields)
    return text if template.startswith("{") and "colour" not in template else capitalised(text)


def capitalised(text: str) -> str:
    """Return a text with a capital first."""
    return text[:1].upper() + text[1:]


def sentence_in_utc(kind: str, data: str, language: str) -> str:
    """Say a stored fact the same on every machine, as a report must."""
    return sentence(kind, data, language, UTC)


class Reading(NamedTuple):
    """How values are said."""

    language: Language
    zone: tzinfo | None

    def shown(self, name: str, value: object) -> str:
        """Say the value of a field."""
        match value:
            case None:
                return "—"
            case dict():
                return self._record(value)
            case list():
                return ", ".join(self.shown(name, one) for one in value)
            case str() if name.endswith(("_by", "_at")) and _is_instant(value):
                return day_and_clock(datetime.fromisoformat(value), self.zone)
            case _:
                return word("level" if name == "was" else name, str(value), self.language)

    def _record(self, value: Mapping[str, object]) -> str:
        match value:
            case {"zh": _} | {"en": _}:
                return said(value, self.language)
            case {"id": plan, "version": version}:
                return f"{plan} v{version}"
            case _:
                return json.dumps(value, ensure_ascii=False)


def _is_instant(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
