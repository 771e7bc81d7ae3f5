"""The exchange tables: out and in again without a change, and every mistake with table, row and column."""

from io import BytesIO

import pytest
from openpyxl import Workbook, load_workbook

from onecity.domains.services.items import shipped, workbook
from onecity.domains.services.items.logic import exchange, reading
from onecity.domains.services.items.logic.exchange import ITEM, ExchangeError
from onecity.domains.services.items.models import Sort
from onecity.domains.services.items.tests.test_item import TEXT, sample
from onecity.kernel.core.errors import Problem

ITEMS = [reading.read(one.data) for one in shipped.contents() if one.sort == Sort.ITEM]


def test_the_shipped_catalogue_comes_back_exactly() -> None:
    content = workbook.write(ITEMS)
    assert workbook.read(content) == ITEMS
    book = load_workbook(BytesIO(content), read_only=True)
    assert book.sheetnames == [table.title for table in exchange.TABLES]


def test_texts_that_look_like_formulas_and_codes_that_look_like_numbers_stay_texts() -> None:
    tricky = reading.read(
        sample(
            summary={"zh": "=1+1\n第二行", "en": '|"；'},
            official={"catalog_code": "000123456789"},
            words=["a；b", " c"],
            special_procedures=[{"zh": "听证；公示", "en": "a | b"}],
            fees=[{"name": TEXT, "standard": TEXT, "basis": TEXT, "amount": 0.5}],
            places=[{"name": TEXT, "address": TEXT, "hours": TEXT, "phone": "12345"}],
        )
    )
    assert workbook.read(workbook.write([tricky])) == [tricky]


def tables() -> dict[str, list[dict[str, exchange.Cell]]]:
    return exchange.write([reading.read(sample(materials=[{"key": "photo", "name": TEXT}]))])


def test_every_mistake_says_where_it_is() -> None:
    made = tables()
    made["事项"][0]["事项类型"] = "99"
    made["材料"].append({ITEM: "sample_item", "材料编号": "x"})
    made["材料"].append({ITEM: "nobody", "材料编号": "y", "材料名称": "某材料"})
    made["材料"][0]["必要性"] = "也许"
    with pytest.raises(ExchangeError) as caught:
        exchange.read(made)
    found = {(m.table, m.row, m.column) for m in caught.value.mistakes}
    assert found == {("材料", 1, "必要性"), ("材料", 3, ITEM), ("材料", 2, "材料名称")}


def test_a_wrong_code_names_its_column() -> None:
    made = tables()
    made["事项"][0]["事项类型"] = "99"
    with pytest.raises(ExchangeError) as caught:
        exchange.read(made)
    assert [(m.table, m.row, m.column) for m in caught.value.mistakes] == [("事项", 1, "事项类型")]


def test_an_item_twice_is_refused() -> None:
    made = tables()
    made["事项"].append(made["事项"][0])
    with pytest.raises(ExchangeError, match="twice"):
        exchange.read(made)


@pytest.mark.parametrize("content", [b"", b"no workbook", b"PK\x03\x04broken"])
def test_what_is_no_workbook_is_told(content: bytes) -> None:
    with pytest.raises(Problem) as caught:
        workbook.read(content)
    assert caught.value.status == 422


def test_a_workbook_of_something_else_has_no_items() -> None:
    book = Workbook()
    book.active.append(["a", "b"])
    target = BytesIO()
    book.save(target)
    assert workbook.read(target.getvalue()) == []
