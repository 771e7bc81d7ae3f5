"""The code lists of service items in one table: an item stores a code and the edition of its list, readers see the label.

Source: a deployed copy of the national catalogue of service items and the lists of GB/T 39554 as its users transcribe them.
The numeric codes of the kinds of item and the channels of materials were not found in an official text: they are marked.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

Text = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Code:
    """One value of a list; it holds within its dates (None: without end)."""

    code: str
    zh: str
    en: str
    valid_from: dt.date = dt.date(2019, 1, 1)
    valid_until: dt.date | None = None

    @property
    def label(self) -> Text:
        """What readers see."""
        return {"zh": self.zh, "en": self.en}


@dataclass(frozen=True)
class CodeList:
    """A list with its edition; `confirmed`: its codes, not only its words, were read in a deployed system."""

    name: str
    title: str
    edition: str
    codes: tuple[Code, ...]
    confirmed: bool = True
    by_code: Mapping[str, Code] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_code", {one.code: one for one in self.codes})

    def holds(self, code: str, on: dt.date | None = None) -> bool:
        """Whether the list has this code, on that day if one is given."""
        found = self.by_code.get(code)
        if found is None or on is None:
            return found is not None
        return found.valid_from <= on and (found.valid_until is None or on <= found.valid_until)

    def label(self, code: str) -> Text:
        """What readers see for a code; the code itself where the list does not know it."""
        found = self.by_code.get(code)
        return found.label if found else {"zh": code, "en": code}


def _list(name: str, title: str, *values: tuple[str, str, str], confirmed: bool = True) -> CodeList:
    return CodeList(name, title, EDITION, tuple(Code(*one) for one in values), confirmed)


EDITION = "2026-11"
STATUS = _list("status", "事项状态", ("1", "在用", "in use"), ("2", "暂停", "suspended"), ("3", "取消", "cancelled"))
LEVEL = _list(
    "level", "行使层级",
    ("1", "国家", "national"), ("2", "省", "provincial"), ("3", "市", "municipal"), ("4", "县（区）", "district"),
    ("5", "镇（乡、街道）", "town or street"), ("6", "分级管理", "several levels"),
)  # fmt: skip
POWER = _list(
    "power_source", "权力来源",
    ("1", "法定本级行使", "by law at this level"), ("2", "上级下放", "handed down from above"),
    ("3", "上级授权", "authorised from above"), ("4", "同级授权", "authorised at this level"),
    ("5", "上级委托", "entrusted from above"), ("6", "同级委托", "entrusted at this level"),
)  # fmt: skip
NATURE = _list(
    "nature", "实施主体性质",
    ("1", "法定机关", "statutory body"), ("2", "授权组织", "authorised organisation"),
    ("3", "受委托组织", "entrusted organisation"),
)  # fmt: skip
AUDIENCE = _list(
    "audience", "服务对象",
    ("1", "自然人", "persons"), ("2", "企业法人", "companies"), ("3", "事业法人", "public institutions"),
    ("4", "社会组织法人", "social organisations"), ("5", "非法人企业", "unincorporated businesses"),
    ("6", "行政机关", "government bodies"), ("7", "其他组织", "other organisations"),
)  # fmt: skip
CASE_KIND = _list(
    "case_kind", "办件类型", ("1", "即办件", "done on the spot"), ("2", "承诺件", "within a promised time")
)
FORM = _list(
    "form", "办理形式", ("1", "窗口办理", "at the window"), ("2", "网上办理", "online"), ("3", "快递申请", "by post")
)
RANGE = _list(
    "range", "通办范围",
    ("1", "全国", "anywhere in the country"), ("2", "全省", "anywhere in the province"), ("3", "全市", "anywhere in the city"),
    ("4", "全县", "anywhere in the district"), ("5", "全镇", "anywhere in the town"),
    ("6", "跨村（社区）", "across villages and communities"),
)  # fmt: skip
RESULT = _list(
    "result", "结果类型",
    ("1", "证照", "certificate"), ("2", "批文", "written approval"), ("3", "其他", "other"), ("4", "无", "none"),
)  # fmt: skip
KIND = _list(
    "kind", "事项类型",
    ("01", "行政许可", "licence"), ("02", "行政处罚", "penalty"), ("03", "行政强制", "enforcement"),
    ("04", "行政征收", "levy"), ("05", "行政给付", "benefit"), ("06", "行政检查", "inspection"),
    ("07", "行政确认", "confirmation"), ("08", "行政奖励", "award"), ("09", "行政裁决", "ruling"),
    ("10", "其他行政权力", "other power"), ("20", "公共服务", "public service"),
    confirmed=False,
)  # fmt: skip
CHANNEL = _list(
    "material_channel", "材料来源渠道",
    ("1", "申请人自备", "the applicant has it"), ("2", "政府部门核发", "a government body issued it"),
    ("3", "其他", "from elsewhere"),
    confirmed=False,
)  # fmt: skip
DEPTH = _list(
    "online_depth", "网上办理深度",
    ("1", "互联网咨询", "ask online"), ("2", "互联网收件", "send online"), ("3", "互联网预审", "checked beforehand online"),
    ("4", "互联网受理", "accepted online"), ("5", "互联网办理", "handled online"),
    ("6", "互联网办理结果信息反馈", "result told online"), ("7", "互联网电子证照反馈", "certificate given online"),
    confirmed=False,
)  # fmt: skip
MATERIAL_KIND = _list(
    "material_kind", "材料类型", ("1", "原件", "original"), ("2", "复印件", "copy"), ("3", "原件或复印件", "original or copy"),
    confirmed=False,
)  # fmt: skip
MATERIAL_FORM = _list(
    "material_form", "材料形式", ("1", "纸质", "on paper"), ("2", "电子", "electronic"), ("3", "纸质或电子", "on paper or electronic"),
    confirmed=False,
)  # fmt: skip
LISTS: Mapping[str, CodeList] = {
    one.name: one
    for one in (
        STATUS, LEVEL, POWER, NATURE, AUDIENCE, CASE_KIND, FORM, RANGE, RESULT, KIND, CHANNEL, DEPTH, MATERIAL_KIND, MATERIAL_FORM,
    )
}  # fmt: skip
PERSON = "1"
ON_THE_SPOT, PROMISED = "1", "2"
IN_USE, SUSPENDED, CANCELLED = "1", "2", "3"
