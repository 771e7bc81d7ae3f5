"""A closed matter with the files that such a matter has, and people who keep, approve, release and read."""

import datetime as dt
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from PIL import Image

from onecity.kernel.people import service
from onecity.kernel.people.models import Account, Role
from onecity.kernel.records.archive.logic.matter import Deed, Document, Matter

CHINA = dt.timezone(dt.timedelta(hours=8))
OPENED = dt.datetime(2026, 3, 2, 9, 30, tzinfo=CHINA)
CLOSED = dt.datetime(2026, 3, 5, 16, 0, tzinfo=CHINA)
PLACE = "adm/990100/990101/"


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (32, 24), (200, 30, 30)).save(out, "PNG")
    return out.getvalue()


def pdf() -> bytes:
    return b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\nstartxref\n9\n%%EOF\n"


def documents() -> tuple[Document, ...]:
    at = OPENED + dt.timedelta(minutes=5)
    return (
        Document("application", "身份证明.png", picture(), at, "陈洁"),
        Document("application", "申请表.json", '{"姓名": "陈洁"}'.encode(), at, "陈洁"),
        Document("result", "敬老优待证.pdf", pdf(), CLOSED, "民政局"),
    )


def matter(key: str = "case/1", **changes: object) -> Matter:
    fields: dict[str, object] = {
        "source_key": key, "number": "2026-000017", "kind": "service.senior_card", "title": "陈洁申请敬老优待证",
        "fonds": "A012", "office": "民政局", "division_path": PLACE, "party": "陈洁", "opened_at": OPENED,
        "closed_at": CLOSED, "outcome": "准予", "retention": "D10", "documents": documents(),
        "deeds": (Deed(OPENED, "受理", "系统"), Deed(CLOSED, "办结", "李伟", "民政局")),
        "about": {"申请渠道": "网上"},
    }  # fmt: skip
    return Matter(**{**fields, **changes})  # type: ignore[arg-type] # the table above names every field


@dataclass(frozen=True)
class People:
    keeper: Account
    approver: Account
    releaser: Account
    reader: Account
    stranger: Account


@pytest.fixture(autouse=True)
def home(settings: Any, tmp_path: Path) -> Path:
    settings.ONECITY_HOME = tmp_path
    return tmp_path


@pytest.fixture
def people(db: None) -> People:
    made = []
    for name, rights in (
        ("keeper", ["archive.view", "archive.keep"]),
        ("approver", ["archive.view", "archive.approve", "archive.keep"]),
        ("releaser", ["archive.view", "archive.release"]),
        ("reader", ["archive.view"]),
        ("stranger", []),
    ):
        account = service.create_account(f"a-{name}", display_name=name)
        role = Role.objects.create(name=f"a-{name}", title=name, permissions=rights)
        service.assign_role(account, role, PLACE if name != "stranger" else "adm/990200/")
        made.append(account)
    return People(*made)


@pytest.fixture
def as_web() -> Callable[[], None]:
    def switch() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE onecity_app")

    return switch
