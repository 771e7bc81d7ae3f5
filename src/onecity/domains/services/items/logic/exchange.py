"""The exchange tables of service items (事项交换表): one table for each part of the national field list, Chinese column names.

An item becomes one row of 事项 and rows of the other tables, each beginning with the item's short name; read back, it is equal.
What is wrong in a table is told with table, row and column.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from onecity.domains.services.items.logic import reading
from onecity.domains.services.items.logic.item import Item
from onecity.domains.services.items.logic.reading import ItemError

Kind = Literal["text", "integer", "number", "flag", "codes", "json", "texts"]
Cell = str | int | float | None
Tables = Mapping[str, Sequence[Mapping[str, Cell]]]
YES, NO, BETWEEN = "是", "否", "；"
ITEM: Final = "事项简称"
NUMBERED: Final = re.compile(r"(?P<part>\w+)\[(?P<place>\d+)\]\.?(?P<rest>.*)")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, where the value stands in the item's JSON, how it is written in a cell."""

    title: str
    path: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """One exchange table; `part` is the member of the item whose rows it holds ("": the item itself)."""

    title: str
    part: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong in a table: which, in which row (1 is the first below the head; 0: the whole), which column, what."""

    table: str
    row: int
    column: str
    sentence: str


class ExchangeError(ValueError):
    """Tables that cannot be read; `mistakes` says where."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("; ".join(f"{m.table} {m.row} {m.column}: {m.sentence}" for m in mistakes))
        self.mistakes = tuple(mistakes)


def _both(title: str, path: str) -> tuple[Column, Column]:
    return Column(title, f"{path}.zh"), Column(f"{title}（英文）", f"{path}.en")


def _limit(title: str, path: str) -> tuple[Column, ...]:
    return (
        Column(f"{title}（数）", f"{path}.amount", "number"),
        Column(f"{title}（单位）", f"{path}.unit"),
        *_both(f"{title}（说明）", f"{path}.text"),
    )


MAIN: Final = Table("事项", "", (
    Column(ITEM, "code"), Column("基本编码", "official.catalog_code"), Column("实施编码", "official.task_code"),
    Column("业务办理项编码", "official.handling_code"), Column("本地编码", "official.local_code"), *_both("事项名称", "name"),
    Column("事项类型", "kind"), Column("事项版本", "number"), Column("事项状态", "status"), *_both("事项简介", "summary"),
    Column("行使层级", "authority.level"), Column("权力来源", "authority.power_source"), Column("部门", "authority.department"),
    *_both("实施主体", "authority.name"), Column("实施主体编码", "authority.uscc"), Column("实施主体性质", "authority.nature"),
    *_both("委托部门", "authority.delegated_by"), Column("服务对象", "audience", "codes"), Column("办件类型", "case_kind"),
    Column("办理形式", "channels.forms", "codes"), *_limit("法定办结时限", "limits.statutory"), *_limit("承诺办结时限", "limits.promised"),
    Column("特别程序", "special_procedures", "texts"), Column("到办事现场次数", "channels.visits", "integer"),
    *_both("现场办理原因", "channels.visit_reason"), *_both("咨询方式", "enquiries"), *_both("监督投诉方式", "complaints"),
    Column("网上办理深度", "channels.online_depth"), Column("是否进驻政务大厅", "channels.in_hall", "flag"),
    Column("是否支持物流快递", "channels.post", "flag"), Column("是否支持网上支付", "channels.payment", "flag"),
    Column("是否支持预约", "channels.appointment", "flag"), Column("是否支持终端办理", "channels.kiosk", "flag"),
    Column("通办范围", "channels.range"), *_both("数量限制", "quota"), Column("联办机构", "joint_bodies", "texts"),
    Column("中介服务", "intermediaries", "texts"), Column("计算机端是否对接单点登录", "sign_on.computer", "flag"),
    Column("计算机端跳转地址", "sign_on.computer_url"), Column("移动端是否对接单点登录", "sign_on.mobile", "flag"),
    Column("移动端跳转地址", "sign_on.mobile_url"), Column("计划生效日期", "effective_from"), Column("计划取消日期", "effective_until"),
    Column("主题分类", "themes", "codes"), Column("人生事件", "life_events", "codes"), Column("地方特色主题", "local_themes", "codes"),
    Column("常用说法", "words", "codes"), Column("自动办理", "automatic", "flag"), Column("决策表", "decision"),
    Column("免申即享表", "entitlement"), Column("申请表单", "form", "json"), Column("数据来源", "official.data_source"),
    Column("同步批次", "official.sync_batch"), Column("同步类型", "official.sync_kind"), Column("同步时间", "official.synced_at"),
    Column("代码表版本", "edition"),
))  # fmt: skip
TABLES: Final[tuple[Table, ...]] = (
    MAIN,
    Table("受理条件", "conditions", (
        *_both("条件", "text"), Column("核验数据项", "test.value"), Column("数据类型", "test.sort"), Column("判断", "test.accepts"),
    )),
    Table("业务情形", "situations", (
        Column("情形编号", "key"), *_both("情形名称", "name"), Column("业务办理项编码", "handling_code"), Column("适用条件", "when", "json"),
    )),
    Table("材料", "materials", (
        Column("材料编号", "key"), *_both("材料名称", "name"), Column("材料类型", "kind"), Column("材料形式", "form"),
        Column("必要性", "required", "flag"), Column("适用情形", "situations", "codes"), Column("来源渠道", "channel"),
        *_both("来源渠道说明", "channel_note"), Column("电子证照类型", "certificate_type"), Column("数据源", "source.register"),
        Column("数据项", "source.fields", "codes"), *_both("调取依据", "source.legal_basis"), Column("需要同意", "source.consent", "flag"),
        Column("告知承诺", "commitment", "flag"), Column("可上传", "upload", "flag"), *_both("要求依据", "basis"),
        *_both("受理标准", "standard"), *_both("填报须知", "guidance"), Column("空白表格", "blank"), Column("示例样表", "sample"),
        Column("纸质份数", "copies", "integer"), Column("纸质规格", "size"),
    )),
    Table("收费", "fees", (
        *_both("收费项目", "name"), *_both("收费标准", "standard"), *_both("收费依据", "basis"), Column("金额（元）", "amount", "number"),
        Column("是否允许减免", "reducible", "flag"), *_both("减免依据", "reduction_basis"),
    )),
    Table("办理环节", "steps", (
        *_both("环节名称", "name"), *_both("办理人员", "by"), *_both("办理时限", "limit"), *_both("审查标准", "standard"), *_both("办理结果", "outcome"),
    )),
    Table("审批结果", "results", (
        Column("结果类型", "kind"), *_both("结果名称", "name"), Column("电子证照类型", "certificate_type"),
        Column("有效期（月）", "months", "integer"), Column("结果样本", "sample"),
    )),
    Table("设定依据", "legal_basis", (
        *_both("法律法规名称", "name"), Column("文号", "number"), Column("条款", "clause"), *_both("内容", "content"),
        Column("待核对", "to_check", "flag"),
    )),
    Table("办理地点", "places", (
        *_both("地点名称", "name"), *_both("地址", "address"), *_both("办理时间", "hours"), Column("电话", "phone"),
        Column("乡镇街道代码", "town_code"), Column("村居社区代码", "village_code"),
    )),
    Table("常见问题", "faq", (*_both("问题", "question"), *_both("答案", "answer"))),
)  # fmt: skip


def write(items: Sequence[Item]) -> dict[str, list[dict[str, Cell]]]:
    """The rows of every table, by its title; cells that say nothing are None."""
    made: dict[str, list[dict[str, Cell]]] = {table.title: [] for table in TABLES}
    for item in items:
        made[MAIN.title].append(_row(item, MAIN))
        for table in TABLES[1:]:
            for part in getattr(item, table.part):
                made[table.title].append({ITEM: item.code, **_row(part, table)})
    return made


def read(tables: Tables) -> list[Item]:
    """The items of these tables; raises ExchangeError with every mistake that can be told at once."""
    wrong: list[Mistake] = []
    wholes = [_whole(row, place, wrong) for place, row in enumerate(tables.get(MAIN.title, ()), 1)]
    parts = {table.part: _parts(table, tables, wrong) for table in TABLES[1:]}
    codes = [str(one.get("code", "")) for one in wholes]
    wrong += [
        Mistake(MAIN.title, place, ITEM, f"{code!r} is there twice")
        for place, code in enumerate(codes, 1)
        if code in codes[: place - 1]
    ]
    wrong += [
        Mistake(table.title, place, ITEM, f"{code!r} is not in the table {MAIN.title}")
        for table in TABLES[1:]
        for code, rows in parts[table.part].items()
        for place, _data in rows
        if code not in codes
    ]
    found = [_item(whole, place, parts, wrong) for place, whole in enumerate(wholes, 1)]
    if wrong:
        raise ExchangeError(wrong)
    return [one for one in found if one is not None]


def _item(
    whole: dict[str, Any],
    place: int,
    parts: Mapping[str, Mapping[str, list[tuple[int, dict[str, Any]]]]],
    wrong: list[Mistake],
) -> Item | None:
    rows = {part: by_code.get(str(whole.get("code", "")), []) for part, by_code in parts.items()}
    try:
        return reading.read(whole | {part: [data for _place, data in found] for part, found in rows.items()})
    except ItemError as error:
        wrong += [_located(field, sentence, place, rows) for field, sentence in error.mistakes]
        return None


def _located(field: str, sentence: str, place: int, rows: Mapping[str, list[tuple[int, dict[str, Any]]]]) -> Mistake:
    match = NUMBERED.match(field)
    table = next((one for one in TABLES[1:] if match and one.part == match["part"]), None)
    if match is None or table is None:
        return Mistake(MAIN.title, place, _column(MAIN, field), sentence)
    return Mistake(table.title, rows[table.part][int(match["place"])][0], _column(table, match["rest"]), sentence)


def _column(table: Table, path: str) -> str:
    found = (column.title for column in table.columns if column.path in {path, f"{path}.zh"})
    return next(found, path)


def _parts(table: Table, tables: Tables, wrong: list[Mistake]) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    found: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for place, row in enumerate(tables.get(table.title, ()), 1):
        data = _data(table, row, place, wrong)
        found.setdefault(str(row.get(ITEM) or ""), []).append((place, data))
    return found


def _whole(row: Mapping[str, Cell], place: int, wrong: list[Mistake]) -> dict[str, Any]:
    return _data(MAIN, row, place, wrong)


def _row(part: object, table: Table) -> dict[str, Cell]:
    return {column.title: cell_of(at(part, column.path), column.kind) for column in table.columns}


def at(part: object, path: str) -> object:
    """What stands at a dotted path of an item or its JSON data; None where nothing does."""
    for name in path.split("."):
        if part is None:
            return None
        part = part.get(name) if isinstance(part, Mapping) else getattr(part, name)
    return part


def cell_of(value: Any, kind: Kind) -> Cell:
    """A value as a cell says it."""
    if value is None or (isinstance(value, str | tuple) and not value):
        return None
    if kind == "flag":
        return YES if value else NO
    if kind == "codes":
        plain = all(one == one.strip() and not re.search("[；;]", one) for one in value)
        return BETWEEN.join(value) if plain else json.dumps(list(value), ensure_ascii=False)
    if kind == "texts":
        return json.dumps([dict(one) for one in value], ensure_ascii=False)
    if kind == "json":
        return json.dumps(reading.builtins(value), ensure_ascii=False) if value else None
    cell: Cell = value
    return cell


def _data(table: Table, row: Mapping[str, Cell], place: int, wrong: list[Mistake]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for column in table.columns:
        cell = row.get(column.title)
        if cell is None or cell == "":
            continue
        try:
            put(made, column.path, value_of(cell, column.kind))
        except ValueError:
            wrong.append(Mistake(table.title, place, column.title, f"{cell!r} is not written as it should be"))
    return made


def put(made: dict[str, Any], path: str, value: object) -> None:
    """Set what stands at a dotted path of JSON data."""
    *heads, last = path.split(".")
    for name in heads:
        made = made.setdefault(name, {})
    made[last] = value


def value_of(cell: Cell, kind: Kind) -> object:
    """What a cell says as a value; raises ValueError."""
    text = str(cell)
    if kind == "flag":
        if text not in {YES, NO}:
            raise ValueError(text)
        return text == YES
    if kind == "codes":
        listed = text.startswith("[")
        return json.loads(text) if listed else [one.strip() for one in re.split("[；;]", text) if one.strip()]
    if kind in {"texts", "json"}:
        return json.loads(text)
    if kind == "integer":
        return int(float(text)) if float(text).is_integer() else _refused(text)
    return float(text) if kind == "number" else text


def _refused(text: str) -> int:
    raise ValueError(text)


def columns(table: Table) -> Iterator[str]:
    """The titles of a table's columns, the item's short name first."""
    if table is not MAIN:
        yield ITEM
    for column in table.columns:
        yield column.title
