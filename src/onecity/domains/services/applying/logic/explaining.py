"""Why a table decided as it did, in plain words of both languages: what was looked at, what was found, which rule, what follows."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from onecity.domains.services.items.logic.tables import Deciding
from onecity.kernel.rules.decisions.region import Value
from onecity.kernel.rules.decisions.table import Decision

Text = Mapping[str, str]
LANGUAGES: Final = ("zh", "en")
TRUE: Final[Text] = {"zh": "是", "en": "yes"}
FALSE: Final[Text] = {"zh": "否", "en": "no"}
MISSING: Final[Text] = {"zh": "没有记录", "en": "nothing on record"}
BY_RULE: Final[Text] = {"zh": "依据第{number}条规则", "en": "By rule {number}"}
NO_NAMES: Final[Mapping[str, Text]] = {}
LOOKED_AT: Final[Text] = {"zh": "核对了", "en": "Looked at"}


def written(value: Value | None, language: str) -> str:
    """A value as people read it."""
    if value is None:
        return MISSING[language]
    if isinstance(value, bool):
        return (TRUE if value else FALSE)[language]
    if isinstance(value, dt.date):
        return f"{value.year}年{value.month}月{value.day}日" if language == "zh" else f"{value.day} {value:%b %Y}"
    if isinstance(value, Decimal):
        return f"{int(value):,}" if value == value.to_integral() else f"{value.normalize():,}"
    return value


def explain(
    table: Deciding, decision: Decision, values: Mapping[str, Value | None], names: Mapping[str, Text] = NO_NAMES
) -> dict[str, list[str]]:
    """Sentences by language: what the rules that fired looked at, with its value, then each of these rules with its reason.

    `names`: what inputs are called that the table itself does not name.
    """
    looked = {
        name: table.labels.get(name) or names.get(name) or {"zh": name}
        for name in table.inputs
        if _matters(table, decision, name)
    }
    return {language: _sentences(table, decision, values, looked, language) for language in LANGUAGES}


def _sentences(
    table: Deciding, decision: Decision, values: Mapping[str, Value | None], looked: Mapping[str, Text], language: str
) -> list[str]:
    colon, comma, stop = ("：", "；", "。") if language == "zh" else (": ", "; ", ".")
    seen = [
        f"{_in(label, language) or name}{colon}{written(values.get(name), language)}" for name, label in looked.items()
    ]
    found = [f"{LOOKED_AT[language]}{colon}{comma.join(seen)}{stop}"] if seen else []
    for number, reason in zip(decision.fired, table.why(decision), strict=True):
        said = _in(reason, language)
        begin = BY_RULE[language].format(number=number)
        ends = "" if said.endswith(("。", ".")) else stop
        found.append(f"{begin}{colon}{said}{ends}" if said else f"{begin}{stop}")
    return found


def _matters(table: Deciding, decision: Decision, name: str) -> bool:
    """Whether one of the rules that fired looks at this input at all."""
    place = table.inputs.index(name)
    return any(table.table.rules[number - 1].tests[place].strip() not in {"", "-"} for number in decision.fired)


def _in(text: Text, language: str) -> str:
    return (text.get(language) or text.get("zh", "")).strip()
