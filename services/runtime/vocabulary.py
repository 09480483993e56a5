"""The words of tables and sentences, in Chinese and in English, and how a moment is written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo

Language = str
"""`zh` or `en`; anything that begins with `zh` is Chinese."""

LANGUAGE_VARIABLES = ("MUSTER_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
"""Where a language is looked for, in this order."""

_VALUES: dict[str, dict[str, tuple[str, str]]] = {
    "phase": {
        "normal": ("常态", "normal"),
        "warning": ("预警", "warning"),
        "response": ("响应", "response"),
        "aftermath": ("善后", "aftermath"),
        "closed": ("结案", "closed"),
        "stood_down": ("解除", "stood down"),
    },
    "colour": {
        "red": ("红色", "red"),
        "orange": ("橙色", "orange"),
        "yellow": ("黄色", "yellow"),
        "blue": ("蓝色", "blue"),
    },
    "level": {"1": ("I", "I"), "2": ("II", "II"), "3": ("III", "III"), "4": ("IV", "IV")},
    "mode": {"live": ("实战", "live"), "exercise": ("演练", "exercise")},
    "hazard": {
        "natural": ("自然灾害", "natural hazard"),
        "fire": ("火灾", "fire"),
        "crowding": ("人员拥挤", "crowding"),
        "peak_period": ("客流高峰", "peak period"),
        "security": ("社会安全", "security"),
        "public_health": ("公共卫生", "public health"),
        "facility_failure": ("设施故障", "facility failure"),
        "other": ("其他", "other"),
    },
    "concern": {
        "casualty": ("伤亡人员", "casualty"),
        "missing": ("失联人员", "missing"),
        "enquirer": ("查询人", "enquirer"),
        "special_customer": ("特殊顾客", "special customer"),
        "witness": ("证人", "witness"),
        "other": ("其他", "other"),
    },
    "basis": {
        "emergency_over": (
            "《突发事件应对法》第八十五条",
            "the Emergency Response Law (突发事件应对法), art. 85",
        ),
        "purpose_achieved": ("《个人信息保护法》第四十七条第一项", "PIPL art. 47 (1)"),
        "retention_over": ("《个人信息保护法》第四十七条第二项", "PIPL art. 47 (2)"),
        "consent_withdrawn": ("《个人信息保护法》第四十七条第三项", "PIPL art. 47 (3)"),
        "unlawfully_held": ("《个人信息保护法》第四十七条第四项", "PIPL art. 47 (4)"),
        "other_law": ("《个人信息保护法》第四十七条第五项", "PIPL art. 47 (5)"),
    },
    "channel": {"mail": ("邮件", "mail"), "webhook": ("接口推送", "webhook")},
    "missed": {"start": ("未按时开始", "not started"), "finish": ("未按时完成", "not finished")},
    "message": {
        "task_assigned": ("新任务", "a task assigned"),
        "task_escalated": ("任务升级", "a task escalated"),
        "task_overdue": ("任务逾期", "a task overdue"),
        "task_impossible": ("任务无法完成", "a task impossible"),
        "task_unanswered": ("任务无人确认", "a task unanswered"),
        "post_offered": ("请就任", "a post offered"),
        "post_vacant": ("岗位空缺", "a post vacant"),
        "report_overdue": ("报告逾期", "a report overdue"),
        "notice_overdue": ("公告逾期", "a notice overdue"),
        "notice_missed": ("公告未按时更新", "a notice not renewed"),
        "public_notice": ("公告", "a public notice"),
        "unit_overdue": ("力量逾时", "a unit overdue"),
        "resource_unavailable": ("无可用力量", "no unit to be had"),
        "response_activated": ("响应启动", "the response activated"),
        "response_terminated": ("响应终止", "the response terminated"),
    },
    "topic": {
        "scope": ("范围与规则", "Scope and rules"),
        "people": ("人员", "People"),
        "duty": ("职责", "Duties"),
        "deadline": ("时限", "Deadlines"),
        "place": ("场地", "Places"),
        "clear_time": ("疏散时间", "Clear times"),
        "means": ("物资与力量", "Means"),
        "information": ("信息发布", "Information"),
    },
    "plan_state": {
        "draft": ("待审核", "handed in"),
        "reviewed": ("已审核", "reviewed"),
        "approved": ("已批准", "approved"),
        "effective": ("已生效", "in force"),
        "superseded": ("已被取代", "superseded"),
        "returned": ("已退回", "returned"),
        "withdrawn": ("已撤回", "withdrawn"),
    },
    "access": {
        "events": ("查阅经过", "read its events"),
        "state": ("查阅状态", "read how it stands, or stood"),
        "changes": ("查阅变化", "read what changed"),
        "watch": ("跟踪查看", "watched it"),
        "export": ("导出案卷", "exported the case"),
        "disclosure": ("查看个人信息", "was shown personal data"),
    },
    "status": {
        "assigned": ("已分派", "assigned"),
        "acknowledged": ("已确认", "acknowledged"),
        "started": ("进行中", "started"),
        "finished": ("已完成", "finished"),
        "impossible": ("无法完成", "impossible"),
        "lapsed": ("已失效", "lapsed"),
        "dispatched": ("已派出", "dispatched"),
        "arrived": ("已到达", "arrived"),
        "released": ("已撤出", "released"),
        "available": ("可用", "available"),
        "out_of_service": ("停止服务", "out of service"),
    },
}

_HEADINGS: dict[str, tuple[str, str]] = {
    "incident": ("事件", "Incident"),
    "venue": ("场所", "Venue"),
    "hazard": ("类别", "Hazard"),
    "phase": ("阶段", "Phase"),
    "level": ("级别", "Level"),
    "colour": ("预警", "Warning"),
    "mode": ("性质", "Mode"),
    "commander": ("指挥长", "Commander"),
    "version": ("序号", "Version"),
    "position": ("位置", "Position"),
    "recorded": ("记录时间", "Recorded"),
    "occurred": ("发生时间", "Occurred"),
    "who": ("何人", "Who"),
    "what": ("何事", "What"),
    "why": ("缘由", "Why"),
    "plan": ("预案", "Plan"),
    "draft": ("草案", "Draft"),
    "edition": ("版本", "Edition"),
    "title": ("名称", "Title"),
    "hash": ("指纹", "Hash"),
    "unit": ("力量", "Unit"),
    "kind": ("种类", "Kind"),
    "place": ("位置 (m)", "Place (m)"),
    "status": ("状态", "Status"),
    "person": ("人员", "Person"),
    "concern": ("缘由", "Concern"),
    "hold": ("证据保全", "Hold"),
    "authority": ("机关", "Authority"),
    "name": ("姓名", "Name"),
    "contacts": ("联系方式", "Contacts"),
    "particulars": ("情况", "Particulars"),
    "channels": ("渠道", "Channels"),
    "task": ("任务", "Task"),
    "post": ("岗位", "Post"),
    "deadline": ("时限", "Deadline"),
    "due": ("到期", "Due"),
    "work": ("待办", "Work"),
    "attempts": ("尝试", "Attempts"),
    "finding": ("发现", "Finding"),
    "line": ("行", "Line"),
    "opened": ("启动时间", "Opened"),
    "updated": ("更新时间", "Updated"),
    "state": ("状态", "State"),
    "field": ("项", "Field"),
}


def default_language(environment: Mapping[str, str] = os.environ) -> Language:
    """Return the language that the environment asks for; English when it asks for none."""
    asked = next((environment[name] for name in LANGUAGE_VARIABLES if environment.get(name)), "en")
    return language_of(asked)


def language_of(asked: str) -> Language:
    """Return `zh` for anything Chinese, else `en`."""
    return "zh" if asked.lower().startswith("zh") else "en"


def either(language: Language, zh: str, en: str) -> str:
    """Return one of two texts."""
    return zh if language_of(language) == "zh" else en


def word(field: str, value: str, language: Language) -> str:
    """Say a value of a field; a value without a word of its own stays as it is."""
    texts = _VALUES.get(field, {}).get(value)
    return either(language, *texts) if texts else value


def heading(name: str, language: Language) -> str:
    """Return a column's heading."""
    texts = _HEADINGS.get(name)
    return either(language, *texts) if texts else name.replace("_", " ").capitalize()


def said(text: Mapping[str, object], language: Language) -> str:
    """Return a text in a language, else in the one there is."""
    order = ("zh", "en") if language_of(language) == "zh" else ("en", "zh")
    return next((str(text[one]) for one in order if text.get(one)), "")


def clock(moment: datetime, zone: tzinfo | None = None) -> str:
    """Write a moment as the time of day, here or in another zone, to the second."""
    return moment.astimezone(zone).strftime("%H:%M:%S")


def day_and_clock(moment: datetime, zone: tzinfo | None = None) -> str:
    """Write a moment as day of the year and time of day, here or in another zone."""
    return moment.astimezone(zone).strftime("%m-%d %H:%M:%S")


def date_and_clock(moment: datetime) -> str:
    """Write a moment with its day, here, to the millisecond."""
    here = moment.astimezone()
    return f"{here:%Y-%m-%d %H:%M:%S}.{here.microsecond // 1000:03d}"


def span(length: timedelta) -> str:
    """Write how long something takes, for people."""
    seconds = length.total_seconds()
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"
