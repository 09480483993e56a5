"""The words on drawings and in the handbook that the plan itself doesn't say."""

from __future__ import annotations

from domain.plan.model.alerting import Metric
from domain.plan.model.duties import Audience, GateCondition, SpecialNeed
from domain.plan.model.organisation import ChannelKind
from domain.values import HazardKind, Phase, Text, WarningColour

PHASES = {
    Phase.WARNING: Text.of("预警", "Warning"),
    Phase.RESPONSE: Text.of("响应", "Response"),
    Phase.AFTERMATH: Text.of("善后", "Aftermath"),
}

HAZARDS = {
    HazardKind.NATURAL: Text.of("自然灾害", "natural disaster"),
    HazardKind.FIRE: Text.of("火灾", "fire"),
    HazardKind.CROWDING: Text.of("人员拥挤", "crowding"),
    HazardKind.PEAK_PERIOD: Text.of("客流高峰", "peak period"),
    HazardKind.SECURITY: Text.of("治安事件", "security"),
    HazardKind.PUBLIC_HEALTH: Text.of("公共卫生事件", "public health"),
    HazardKind.FACILITY_FAILURE: Text.of("设施故障", "facility failure"),
    HazardKind.OTHER: Text.of("其他", "other"),
}

COLOURS = {
    WarningColour.RED: Text.of("红", "Red"),
    WarningColour.ORANGE: Text.of("橙", "Orange"),
    WarningColour.YELLOW: Text.of("黄", "Yellow"),
    WarningColour.BLUE: Text.of("蓝", "Blue"),
}

CONDITIONS = {
    GateCondition.MEASURES_LIFTED: Text.of(
        "措施已解除或有人负责", "every measure lifted, or owned"
    ),
    GateCondition.ZONES_CLEARED: Text.of("各区域已清空", "every zone cleared"),
    GateCondition.NOBODY_UNACCOUNTED: Text.of("无人下落不明", "nobody unaccounted for"),
    GateCondition.ASSISTANCE_FINISHED: Text.of(
        "特殊客户均已安置", "everybody who needed help has it"
    ),
    GateCondition.REPORTS_FILED: Text.of("法定报告已报送", "required reports filed"),
    GateCondition.UNITS_RELEASED: Text.of("救援力量已撤收", "units released"),
    GateCondition.UNITS_RETURNED: Text.of("救援力量已归建", "units returned"),
    GateCondition.CASE_EVALUATED: Text.of("已总结评估", "the case evaluated"),
    GateCondition.TASKS_OVER: Text.of("各项任务已了结", "every task over"),
    GateCondition.DAMAGE_ASSESSED: Text.of("损失已评估", "the damage assessed"),
    GateCondition.ACTION_PROPOSED: Text.of("已提出改进措施", "a corrective action proposed"),
}

METRICS = {
    Metric.HEADCOUNT: Text.of("人", "persons"),
    Metric.OCCUPANCY: Text.of("%（占容量）", "% of capacity"),
    Metric.DENSITY: Text.of("人/平方米", "persons/m²"),
    Metric.FLOW: Text.of("人/米/分钟", "persons/m/min"),
    Metric.QUEUE: Text.of("分钟（等候）", "min of waiting"),
    Metric.TEMPERATURE: Text.of("°C", "°C"),
    Metric.WIND: Text.of("米/秒", "m/s"),
    Metric.RAIN: Text.of("毫米/小时", "mm/h"),
    Metric.WATER: Text.of("厘米（水深）", "cm of water"),
    Metric.OUTAGE: Text.of("分钟（中断）", "min without it"),
    Metric.ALARM: Text.of("（报警）", "(it sounds)"),
    Metric.AUTHORITY_COLOUR: Text.of(
        "（1 蓝、2 黄、3 橙、4 红）", "(1 blue, 2 yellow, 3 orange, 4 red)"
    ),
}
"""In what a signal is measured."""

NEEDS = {
    SpecialNeed.ELDERLY: Text.of("老年人", "old people"),
    SpecialNeed.PREGNANT: Text.of("孕妇", "pregnant women"),
    SpecialNeed.CHILD: Text.of("儿童", "children"),
    SpecialNeed.WHEELCHAIR: Text.of("轮椅使用者", "wheelchair users"),
    SpecialNeed.VISION: Text.of("视力障碍者", "people who see badly"),
    SpecialNeed.HEARING: Text.of("听力障碍者", "people who hear badly"),
    SpecialNeed.COGNITION: Text.of("认知障碍者", "people who are confused"),
    SpecialNeed.ILLNESS: Text.of("突发疾病者", "people taken ill"),
    SpecialNeed.LANGUAGE: Text.of("不通中文者", "people who don't speak Chinese"),
}

AUDIENCES = {
    Audience.CUSTOMERS: Text.of("顾客", "customers"),
    Audience.STAFF: Text.of("员工", "staff"),
    Audience.TENANTS: Text.of("商户", "tenants"),
    Audience.NEIGHBOURS: Text.of("周边", "neighbours"),
    Audience.FAMILIES: Text.of("家属", "families"),
    Audience.MEDIA: Text.of("媒体", "media"),
    Audience.AUTHORITIES: Text.of("主管部门", "authorities"),
}

CHANNELS = {
    ChannelKind.MAIL: Text.of("邮件", "mail"),
    ChannelKind.WEBHOOK: Text.of("接口推送", "webhook"),
}

UNITS_ZH = {" min": " 分钟", " s": " 秒", " h": " 小时", " d": " 天"}


def span_said(spelled: str, language: str) -> str:
    """Return a span as people of a language read it: `3 min`, `3 分钟`."""
    if not language.startswith("zh"):
        return spelled
    for unit, said in UNITS_ZH.items():
        if spelled.endswith(unit):
            return spelled.removesuffix(unit) + said
    return spelled
