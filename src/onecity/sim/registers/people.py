"""Families of the simulated district: who lives with whom, since when, on what; everything follows from one seed.

A household is drawn whole, so that what two registers say of one person fits together: the spouse in one names the spouse
in the other, a child's birth certificate its mother, a pension an age. All is kept as days, so that ages and months follow
from the day on which somebody asks.
"""

import datetime as dt
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from onecity.sim.registers.numbers import credit_code, identity_number

SEED: Final = 990_000
# the day to which ages are drawn; nothing else depends on it
DRAWN_ON: Final = dt.date(2026, 9, 1)
FAMILY_NAMES: Final = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭陆汪范石廖贾夏韦付方白邹孟熊秦邱江尹薛"
MEN: Final = "伟强磊洋勇军杰涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭晨宁龙林欢佳建国志文"
WOMEN: Final = "芳娜敏静丽艳娟霞秀燕玲桂英兰凤洁梅琳素云莲真环雪荣爱妹香月莺媛瑞凡佳嘉琼勤珍贞"
ROADS: Final = ("和平路", "新建路", "人民路", "解放路", "中山路", "建设路", "文化路", "长江路", "青年路", "光明路")
SCHOOLS: Final = ("东海大学", "江南工程学院", "滨海师范大学", "临港职业技术学院", "吴淞医学院")
HOSPITALS: Final = ("区中心医院", "区妇幼保健院", "第一人民医院")
TRADES: Final = (
    "餐饮服务",
    "日用百货零售",
    "软件和信息技术",
    "机械零件加工",
    "物流运输",
    "建筑装饰",
    "文化创意",
    "生物医药",
)
DEGREES: Final = ("初中", "高中", "大学专科", "大学本科", "硕士研究生")


@dataclass(frozen=True, slots=True)
class Person:
    """One person with the days that shaped her life; numbers name relatives, places in lists name homes and employers."""

    number: str
    name: str
    sex: str
    born_on: dt.date
    household: int
    relation: str
    spouse: str = ""
    married_on: dt.date | None = None
    children: tuple[str, ...] = ()
    mother: str = ""
    employer: int | None = None
    insured_on: dt.date | None = None
    unemployed_on: dt.date | None = None
    retired: bool = False
    degree: str = ""
    school: str = ""
    graduated_on: dt.date | None = None
    base: int = 0
    disability: int = 0
    veteran: bool = False
    entered: bool = True
    licence_on: dt.date | None = None
    grown: int = 0


@dataclass(frozen=True, slots=True)
class Household:
    """One household: its members (heads first), where it lives, and on what."""

    place: int
    members: tuple[str, ...]
    address: str
    town: int
    since: dt.date
    local: bool
    permit_on: dt.date | None
    owned: int
    area_m2: int
    relief: str = ""


@dataclass(frozen=True, slots=True)
class Company:
    """One company and the person who stands for it."""

    place: int
    code: str
    name: str
    trade: str
    owner: str
    founded_on: dt.date
    capital: int
    employees: int
    town: int
    address: str


@dataclass
class Population:
    """Everybody, by number; `persona(name)` is somebody whose life is known beforehand, for demonstrations and tests."""

    people: dict[str, Person] = field(default_factory=dict)
    households: list[Household] = field(default_factory=list)
    companies: list[Company] = field(default_factory=list)
    by_code: dict[str, Company] = field(default_factory=dict)
    owned: dict[str, Company] = field(default_factory=dict)
    serials: dict[tuple[dt.date, str], int] = field(default_factory=dict)
    personas: dict[str, str] = field(default_factory=dict)

    def persona(self, name: str) -> Person:
        """The person of that name (mother, pensioner, owner, graduate, carer, newcomer, veteran, founder); raises KeyError."""
        return self.people[self.personas[name]]

    def number(self, born_on: dt.date, sex: str) -> str:
        """A number that nobody has yet."""
        given = self.serials.get((born_on, sex), 0) + 1
        self.serials[born_on, sex] = given
        return identity_number(born_on, 2 * given - 1 if sex == "男" else 2 * given)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a household shall be: ages of the heads, of the children, and what is certain about it."""

    heads: tuple[int, ...]
    children: tuple[float, ...] = ()
    sure: Mapping[str, object] = field(default_factory=dict)
    persona: str = ""


# the people whom demonstrations and tests know: their households come first, whatever the size
KNOWN: Final[Sequence[Plan]] = (
    Plan((31, 33), (0.2,), {"local": True, "owned": 1, "working": True}, "mother"),
    Plan((72, 74), (), {"local": True, "owned": 1}, "pensioner"),
    Plan((41, 39), (12.0,), {"local": True, "owned": 2, "company": True, "working": True}, "owner"),
    Plan((23,), (), {"local": True, "owned": 0, "graduate": True, "working": True}, "graduate"),
    Plan(
        (46, 44),
        (15.0,),
        {"local": True, "owned": 1, "relief": "low_income", "disability": 2, "unemployed": True},
        "carer",
    ),
    Plan((29, 28), (3.0,), {"local": False, "owned": 0, "working": True}, "newcomer"),
    Plan((84,), (), {"local": True, "owned": 1, "veteran": True}, "veteran"),
    Plan((24,), (), {"local": True, "owned": 0, "graduate": True, "working": True, "company": True}, "founder"),
)


def draw(households: int = 1_500, seed: int = SEED) -> Population:
    """The population of so many households; more of them leave the first ones as they are."""
    made = Population()
    for place in range(households):
        chance = random.Random(f"{seed}:{place}")  # noqa: S311 - a simulated life is drawn, nothing is kept secret
        _household(made, chance, KNOWN[place] if place < len(KNOWN) else _plan(chance))
    return made


def _plan(chance: random.Random) -> Plan:
    oldest = chance.choice((24, 28, 31, 35, 38, 42, 47, 53, 58, 64, 70, 77, 85))
    heads = (oldest,) if chance.random() < 0.25 else (oldest, oldest + chance.randint(-3, 3))
    children = tuple(
        round(chance.uniform(max(0.0, oldest - 42), min(17.0, oldest - 22)), 1)
        for _child in range(chance.choice((0, 1, 1, 2)))
        if len(heads) == 2 and 23 < oldest < 58
    )
    return Plan(heads, children)


def _household(made: Population, chance: random.Random, plan: Plan) -> None:
    place, sure = len(made.households), plan.sure
    family = chance.choice(FAMILY_NAMES)
    local = bool(sure.get("local", chance.random() < 0.6))
    heads = [_adult(made, chance, place, age, number, family, sure) for number, age in enumerate(plan.heads)]
    children = [_child(made, chance, place, years, family, heads[0]) for years in plan.children]
    heads = _joined(chance, heads, tuple(one.number for one in children))
    grown = _grown(chance, heads)
    heads = [replace(one, grown=grown) for one in heads]
    relief = str(sure.get("relief", chance.choice(("",) * 18 + ("minimum_living", "low_income"))))
    since = _before(chance, 1, 25)
    address = f"{chance.choice(ROADS)}{chance.randint(1, 980)}弄{chance.randint(1, 60)}号{chance.randint(1, 18)}{chance.randint(1, 4):02d}室"
    owned = sure.get("owned", chance.choice((0, 1, 1, 1, 2) if local else (0, 0, 0, 1)))
    made.households.append(
        Household(
            place, tuple(one.number for one in (*heads, *children)), address, chance.randrange(10_000), since, local,
            None if local else _before(chance, 0, 2), owned if isinstance(owned, int) else 0, chance.randint(48, 146), relief,
        )
    )  # fmt: skip
    for one in (*heads, *children):
        made.people[one.number] = one
    if plan.persona:
        made.personas[plan.persona] = heads[0].number
    if bool(sure.get("company", chance.random() < 0.08)) and plan.heads[0] < 65:
        _company(made, chance, heads[0])


def _adult(
    made: Population, chance: random.Random, place: int, age: int, order: int, family: str, sure: Mapping[str, object]
) -> Person:
    sex = "女" if order == 0 else "男"
    born_on = DRAWN_ON - dt.timedelta(days=age * 365.2425 + chance.randint(1, 360))
    retires = 55 if sex == "女" else 60
    working = bool(sure.get("working", chance.random() < 0.8)) and age < retires
    school_left = born_on.year + chance.choice((18, 22, 22, 25))
    graduate = bool(sure.get("graduate"))
    person = Person(
        made.number(born_on, sex), _name(chance, family if order == 0 else chance.choice(FAMILY_NAMES), sex), sex, born_on,
        place, "户主" if order == 0 else "配偶",
        employer=chance.randrange(10_000) if working else None,
        insured_on=dt.date(max(school_left + 1, 1993), 1 + chance.randrange(12), 1) if working or age >= retires else None,
        retired=age >= retires,
        degree="大学本科" if graduate else chance.choice(DEGREES),
        school=chance.choice(SCHOOLS),
        graduated_on=DRAWN_ON - dt.timedelta(days=62) if graduate else dt.date(school_left, 7, 1),
        base=chance.randrange(7_400, 22_000, 100),
        disability=int(str(sure["disability"])) if order == 0 and "disability" in sure else chance.choice((0,) * 40 + (1, 2, 3, 4)),
        veteran=bool(sure.get("veteran", sex == "男" and chance.random() < 0.06)) and (order == 0 or "veteran" not in sure),
        licence_on=_before(chance, 1, 20) if 20 < age < 70 and chance.random() < 0.6 else None,
    )  # fmt: skip
    if graduate:
        person = replace(person, insured_on=dt.date(DRAWN_ON.year, 8, 1))
    if bool(sure.get("unemployed", not working and age < retires and chance.random() < 0.5)) and order == 0:
        since = DRAWN_ON - dt.timedelta(days=chance.randint(40, 200))
        person = replace(person, employer=None, unemployed_on=since, insured_on=since - dt.timedelta(days=365 * 6))
    return person


def _child(made: Population, chance: random.Random, place: int, years: float, family: str, mother: Person) -> Person:
    sex = chance.choice("男女")
    born_on = DRAWN_ON - dt.timedelta(days=int(years * 365.2425))
    return Person(
        made.number(born_on, sex), _name(chance, family, sex), sex, born_on, place, "子" if sex == "男" else "女",
        mother=mother.number, school=chance.choice(SCHOOLS), entered=years >= 1,
    )  # fmt: skip


def _grown(chance: random.Random, heads: Sequence[Person]) -> int:
    """Children who left home long ago: those whose parents are of that age have one, as most had."""
    oldest = min(one.born_on for one in heads)
    return chance.choice((0, 1, 1, 1, 2)) if oldest.year < DRAWN_ON.year - 52 else 0


def _joined(chance: random.Random, heads: list[Person], children: tuple[str, ...]) -> list[Person]:
    """Married to each other, with their children."""
    if len(heads) == 1:
        return [replace(heads[0], children=children)]
    younger = max(one.born_on for one in heads)
    married_on = younger + dt.timedelta(days=int((22.5 + chance.random() * 4) * 365.2425))
    married_on = min(married_on, DRAWN_ON - dt.timedelta(days=400))
    first, second = heads
    return [
        replace(first, spouse=second.number, married_on=married_on, children=children),
        replace(second, spouse=first.number, married_on=married_on, children=children),
    ]


def _company(made: Population, chance: random.Random, owner: Person) -> None:
    place = len(made.companies)
    trade = chance.choice(TRADES)
    company = Company(
        place, credit_code(place + 1), f"{chance.choice(FAMILY_NAMES)}{chance.choice(MEN)}{trade[:2]}有限公司", trade, owner.number,
        _before(chance, 1, 12), chance.choice((10, 50, 100, 500)), chance.randint(1, 80), chance.randrange(10_000),
        f"{chance.choice(ROADS)}{chance.randint(1, 980)}号",
    )  # fmt: skip
    made.companies.append(company)
    made.by_code[company.code] = company
    made.owned[owner.number] = company


def _name(chance: random.Random, family: str, sex: str) -> str:
    letters = MEN if sex == "男" else WOMEN
    return family + "".join(chance.choice(letters) for _letter in range(chance.choice((1, 2, 2))))


def _before(chance: random.Random, least_years: int, most_years: int) -> dt.date:
    return DRAWN_ON - dt.timedelta(days=chance.randint(int(least_years * 365) + 30, int(most_years * 365) + 60))


def adults(population: Population) -> Iterator[Person]:
    """Everybody of age, in the order drawn."""
    return (one for one in population.people.values() if one.relation in {"户主", "配偶"})
