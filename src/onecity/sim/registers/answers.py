"""What each register of the simulated district says of one person or company on one day."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from onecity.domains.services.registers.port import Value
from onecity.sim.registers.people import HOSPITALS, Company, Household, Person, Population

Values = dict[str, Value]


@dataclass(frozen=True)
class Asked:
    """Somebody on a day, with everything around him."""

    population: Population
    person: Person
    day: dt.date
    towns: Sequence[tuple[str, str]]

    @property
    def household(self) -> Household:
        """Where she lives."""
        return self.population.households[self.person.household]

    @property
    def age(self) -> int:
        """Full years."""
        return years(self.person.born_on, self.day)

    @property
    def employer(self) -> Company | None:
        """Where she works."""
        companies = self.population.companies
        if self.person.employer is None or not companies:
            return None
        return self.population.owned.get(self.person.number) or companies[self.person.employer % len(companies)]

    @property
    def children(self) -> list[Person]:
        """Her children, youngest first."""
        found = [self.population.people[number] for number in self.person.children]
        return sorted(found, key=lambda one: one.born_on, reverse=True)

    @property
    def paid(self) -> int:
        """Months of social insurance paid in all."""
        person = self.person
        if person.insured_on is None:
            return 0
        end = person.unemployed_on or self.day
        retired_on = dt.date(person.born_on.year + (55 if person.sex == "女" else 60), 1, 1)
        return months(person.insured_on, min(end, retired_on) if person.retired else end)


def years(since: dt.date, day: dt.date) -> int:
    """Full years between two days."""
    return day.year - since.year - ((day.month, day.day) < (since.month, since.day))


def months(since: dt.date, day: dt.date) -> int:
    """Full months between two days, never fewer than none."""
    return max(0, (day.year - since.year) * 12 + day.month - since.month - (day.day < since.day))


def household(asked: Asked) -> Values:
    """Population and household."""
    person, home = asked.person, asked.household
    members = [asked.population.people[number] for number in home.members]
    entered = [one for one in members if one.entered]
    town = asked.towns[home.town % len(asked.towns)] if asked.towns else ("", "")
    return {
        "name": person.name, "sex": person.sex, "birth_date": person.born_on, "age": asked.age, "nationality_group": "汉族",
        "household_number": f"99{home.place:07d}", "relation_to_head": person.relation, "household_kind": "家庭户",
        "local": home.local and person.entered, "registered_since": max(home.since, person.born_on) if home.local else None,
        "registered_address": home.address if home.local else "外省市", "current_address": f"{town[1]}{home.address}",
        "residence_permit": home.permit_on is not None,
        "residence_permit_until": home.permit_on + dt.timedelta(days=3 * 365) if home.permit_on else None,
        "residence_months": months(home.permit_on or home.since, asked.day), "members": len(entered),
        "member_names": tuple(one.name for one in entered), "deceased": False,
        "phone": f"139{int(person.number[6:14]) % 100_000_000:08d}", "division": town[0],
    }  # fmt: skip


def social_insurance(asked: Asked) -> Values:
    """Social insurance."""
    person, employer = asked.person, asked.employer
    running = 0 if person.unemployed_on else asked.paid
    working = employer is not None and not person.retired
    return {
        "insured": person.insured_on is not None, "state": "退休" if person.retired else "正常缴费" if working else "暂停缴费",
        "employer": employer.name if working and employer else "", "employer_uscc": employer.code if working and employer else "",
        "months_paid": asked.paid, "months_paid_running": running, "base": Decimal(person.base) if working else None,
        "retired": person.retired, "pension": Decimal(person.base // 2) if person.retired else None,
        "unemployed_since": person.unemployed_on, "unemployed": person.unemployed_on is not None,
        "card_number": f"SI{person.number[6:17]}", "unemployment_paid_months": asked.paid,
        "flexible_employment": not working and not person.retired and person.unemployed_on is None and asked.paid > 0,
        "work_injury": False,
    }  # fmt: skip


def real_estate(asked: Asked) -> Values:
    """Real estate of the household's heads."""
    home, head = asked.household, asked.person.relation in {"户主", "配偶"}
    count = home.owned if head else 0
    title = f"（2020）不动产权第{home.place:06d}号"
    return {
        "owner": count > 0, "count": count, "address": home.address if count else "", "certificate_number": title if count else "",
        "area_m2": Decimal(home.area_m2) if count else None, "use": "住宅" if count else "", "mortgaged": home.place % 5 == 4,
        "registered_on": home.since if count else None, "properties": (f"{home.address}（{home.area_m2}㎡）",) if count else (),
        "homeless_proof": count == 0, "rent_contract": count == 0,
        "rent_until": asked.day + dt.timedelta(days=200) if count == 0 else None,
    }  # fmt: skip


def medical_insurance(asked: Asked) -> Values:
    """Medical insurance: everybody is in one of the two kinds."""
    working = asked.employer is not None or asked.person.retired
    since = asked.person.insured_on or asked.person.born_on
    paid = asked.paid if working else months(max(since, dt.date(2016, 1, 1)), asked.day)
    return {
        "insured": asked.person.entered, "kind": "职工基本医疗保险" if working else "城乡居民基本医疗保险", "state": "正常",
        "months_paid": paid, "months_paid_running": paid, "balance": Decimal(asked.person.base // 3),
        "home_hospital": HOSPITALS[asked.household.place % len(HOSPITALS)], "chronic": asked.age > 75,
        "maternity_insured": asked.employer is not None, "maternity_months": asked.paid if asked.employer else 0,
    }  # fmt: skip


def marriage(asked: Asked) -> Values:
    """Marriage."""
    person = asked.person
    spouse = asked.population.people.get(person.spouse)
    return {
        "status": "已婚" if spouse else "未婚", "married": spouse is not None, "spouse_name": spouse.name if spouse else "",
        "spouse_number": person.spouse, "registered_on": person.married_on,
        "certificate_number": f"J990000-{person.married_on:%Y}-{asked.household.place:06d}" if person.married_on else "",
    }  # fmt: skip


def education(asked: Asked) -> Values:
    """Diplomas and pupils."""
    person = asked.person
    higher = person.degree.startswith(("大学", "硕士"))
    pupil = person.relation in {"子", "女"} and 6 <= asked.age < 18
    fresh = person.graduated_on is not None and higher and 0 <= months(person.graduated_on, asked.day) <= 24
    return {
        "degree": person.degree, "school": person.school if higher else "", "graduated_on": person.graduated_on if higher else None,
        "certificate_number": f"990001{person.number[6:17]}" if higher else "", "enrolled": pupil,
        "enrolled_school": f"第{asked.household.place % 20 + 1}小学" if pupil else "", "grade": f"{asked.age - 5}年级" if pupil else "",
        "recent_graduate": fresh and person.graduated_on is not None and person.graduated_on <= asked.day,
        "teacher_certificate": higher and asked.household.place % 9 == 0,
    }  # fmt: skip


def births(asked: Asked) -> Values:
    """Birth certificates of somebody's children."""
    children = asked.children
    youngest = children[0] if children else None
    return {
        "children": len(children) + asked.person.grown, "child_names": tuple(one.name for one in children),
        "child_name": youngest.name if youngest else "", "child_number": youngest.number if youngest else "",
        "child_sex": youngest.sex if youngest else "", "born_on": youngest.born_on if youngest else None,
        "certificate_number": f"Y99{youngest.number[6:15]}" if youngest else "",
        "hospital": HOSPITALS[asked.household.place % len(HOSPITALS)] if youngest else "",
        "child_registered": youngest is not None and youngest.entered,
        "child_months": months(youngest.born_on, asked.day) if youngest else None, "only_child": len(children) + asked.person.grown == 1,
    }  # fmt: skip


def social_relief(asked: Asked) -> Values:
    """Relief, disability, service in the forces."""
    person, home = asked.person, asked.household
    return {
        "minimum_living": home.relief == "minimum_living", "low_income": home.relief in {"low_income", "minimum_living"},
        "disabled": person.disability > 0, "disability_level": person.disability or None,
        "disability_kind": "肢体" if person.disability else "",
        "disability_certificate": f"{person.number}4{person.disability}" if person.disability else "",
        "severely_disabled": person.disability in {1, 2}, "care_level": max(0, min(6, (asked.age - 60) // 5)) if asked.age >= 60 else 0,
        "veteran": person.veteran, "special_family": False, "orphan": False,
    }  # fmt: skip


def tax(asked: Asked) -> Values:
    """Tax of persons."""
    return {
        "registered": asked.employer is not None, "credit": "B", "arrears": False, "deed_tax_paid": asked.household.owned > 0,
        "income_band": "10万元以下" if asked.person.base < 8_400 else "10万元以上", "taxpayer_kind": "自然人",
    }  # fmt: skip


def housing_fund(asked: Asked) -> Values:
    """Housing fund."""
    member = asked.employer is not None
    return {
        "member": member, "state": "正常" if member else "封存", "months_paid_running": asked.paid if member else 0,
        "balance": Decimal(asked.person.base * min(asked.paid, 120) // 7), "loan": asked.household.place % 4 == 3,
    }  # fmt: skip


def vehicles(asked: Asked) -> Values:
    """Licences and vehicles."""
    since = asked.person.licence_on
    return {
        "licence": since is not None, "licence_until": since + dt.timedelta(days=25 * 365) if since else None,
        "plate": f"测A{asked.household.place % 100_000:05d}" if since else "", "vehicles": int(since is not None), "violations": 0,
    }  # fmt: skip


def companies(asked: Asked) -> Values:
    """The company for which a person stands."""
    own = asked.population.owned.get(asked.person.number)
    return {**(of_company(asked, own) if own else {}), "is_legal_representative": own is not None}


def of_company(asked: Asked, own: Company) -> Values:
    """What the register of companies says of one."""
    town = asked.towns[own.town % len(asked.towns)] if asked.towns else ("", "")
    return {
        "name": own.name, "uscc": own.code, "kind": "有限责任公司", "state": "存续", "is_legal_representative": True,
        "legal_representative": asked.population.people[own.owner].name, "legal_representative_number": own.owner,
        "capital": Decimal(own.capital), "founded_on": own.founded_on, "address": f"{town[1]}{own.address}", "industry": own.trade,
        "scope": own.trade, "employees": own.employees, "micro": own.employees < 50, "abnormal": False,
        "food_premises_checked": True, "licence_number": own.code, "premises_area_m2": Decimal(60 + own.place % 200),
    }  # fmt: skip


def credit(_asked: Asked) -> Values:
    """Public credit: nobody here is on a list."""
    return {"dishonest": False, "penalties": 0}


def sites(asked: Asked) -> Values:
    """Checks of premises."""
    return {
        "fire_checked": True, "hygiene_checked": True, "planning_permit": True, "drainage_connected": True,
        "sign_place_free": True, "last_checked_on": asked.day - dt.timedelta(days=40),
    }  # fmt: skip


BOOKS: Final[Mapping[str, Callable[[Asked], Values]]] = {
    "household": household, "social_insurance": social_insurance, "real_estate": real_estate, "companies": companies,
    "medical_insurance": medical_insurance, "marriage": marriage, "education": education, "births": births,
    "social_relief": social_relief, "tax": tax, "housing_fund": housing_fund, "vehicles": vehicles, "credit": credit, "sites": sites,
}  # fmt: skip
