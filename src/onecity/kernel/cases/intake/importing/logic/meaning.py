"""Which column of a table holds what about a case, guessed from its name in Chinese or English."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

FIELDS: Final = (
    "key", "title", "description", "kind", "address", "division", "lon", "lat", "opened_at", "name", "phone",
)  # fmt: skip
# tried in this order; the first column that fits a field is its
WORDS: Final[Mapping[str, re.Pattern[str]]] = {
    field: re.compile(pattern, re.IGNORECASE)
    for field, pattern in {
        "key": r"^(id|no\.?|key|number|case.?(id|no|number))$|工单(编)?号|案件(编)?号|受理(编)?号|任务号|^编号$|流水号",
        "title": r"title|subject|标题|主题",
        "description": r"descri|content|text|诉求内容|问题描述|描述|内容|详情",
        "kind": r"kind|type|categor|类别|类型|小类|事项|分类",
        "address": r"address|place|location|street|地址|地点|位置|发生地",
        "division": r"division|town|village|district|街道|街镇|乡镇|镇|村|居委|区划|属地|社区",
        "lon": r"^(lon|lng|long|longitude|x)$|经度",
        "lat": r"^(lat|latitude|y)$|纬度",
        "opened_at": r"time|date|opened|时间|日期",
        "phone": r"phone|tel|mobile|电话|手机",
        "name": r"^name$|reporter|caller|姓名|来电人|反映人|诉求人|联系人|市民",
    }.items()
}


class Meaning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`columns`: field → name of its column; `kind`, `division`: those of rows that name none."""

    columns: Mapping[str, str] = {}
    kind: str = ""
    division: str = ""


def guess(names: Sequence[str]) -> dict[str, str]:
    """Field → column by the columns' names; a column is given once."""
    found: dict[str, str] = {}
    for field, pattern in WORDS.items():
        column = next((name for name in names if name not in found.values() and pattern.search(name.strip())), None)
        if column is not None:
            found[field] = column
    return found


def fitting(columns: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """Only those of a mapping that name a known field and a column that is there."""
    return {field: name for field, name in columns.items() if field in FIELDS and name in names}
