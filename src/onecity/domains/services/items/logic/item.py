"""A service item (事项) with every field of the national catalogue: frozen structures, see `reading` for JSON in and out.

Texts are {"zh": …, "en": …}; codes are those of `codes` (edition in `Item.edition`). `when` and `test` are unary tests in the
words of FEEL on a value named `register.field` (what the city knows) or by a property of the form (what was answered).
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from onecity.domains.services.items.logic import codes

Text = Mapping[str, str]
Unit = Literal["working_hours", "working_days", "calendar_days"]
Sort = Literal["number", "string", "boolean", "date"]
NOTHING: Text = {}


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of an item; a member that nobody declared is a mistake."""


class Test(Part, frozen=True):
    """A unary test on one value: `Test(value="person.age", sort="number", accepts=">= 60")`."""

    __test__ = False  # no class of tests, though its name begins so

    value: str
    sort: Sort
    accepts: str


class Condition(Part, frozen=True):
    """What must be so for somebody to have it (受理条件); with `test` the platform can tell by itself."""

    text: Text
    test: Test | None = None


class Situation(Part, frozen=True):
    """A variant of handling (情形, 业务办理项): it holds where all tests of `when` do; none: the applicant chooses it."""

    key: str
    name: Text
    when: tuple[Test, ...] = ()
    handling_code: str = ""


class Source(Part, frozen=True):
    """Where the city already has it: fields of a register, the ground on which they may be read, whether consent is needed."""

    register: str
    fields: tuple[str, ...]
    legal_basis: Text = NOTHING
    consent: bool = False


class Material(Part, frozen=True):
    """A paper that the item asks for (材料); `situations`: only in these (none: in all).

    Resolved in order: `certificate_type` in the library of certificates, `source`, an earlier case, `commitment` (告知承诺),
    `upload`. `channel` is the official source channel (来源渠道).
    """

    key: str
    name: Text
    required: bool = True
    situations: tuple[str, ...] = ()
    kind: str = "1"
    form: str = "3"
    channel: str = "1"
    channel_note: Text = NOTHING
    certificate_type: str = ""
    source: Source | None = None
    commitment: bool = False
    upload: bool = True
    basis: Text = NOTHING
    standard: Text = NOTHING
    guidance: Text = NOTHING
    blank: str = ""
    sample: str = ""
    copies: int = 0
    size: str = ""


class Fee(Part, frozen=True):
    """What it costs (收费项目); `amount` in yuan where it is one sum."""

    name: Text
    standard: Text
    basis: Text
    amount: float | None = None
    reducible: bool = False
    reduction_basis: Text = NOTHING


class Limit(Part, frozen=True):
    """A time limit: number, unit and text, never a bare number of days."""

    amount: float
    unit: Unit
    text: Text = NOTHING


class Limits(Part, frozen=True):
    """By law (法定) and as promised (承诺)."""

    statutory: Limit
    promised: Limit


class Step(Part, frozen=True):
    """A step of handling (办理环节): who, how long, by what standard, with what outcome."""

    name: Text
    by: Text = NOTHING
    limit: Text = NOTHING
    standard: Text = NOTHING
    outcome: Text = NOTHING


class Result(Part, frozen=True):
    """What one gets (审批结果): its kind by code, its name, the type of certificate if it is one, valid for `months` (0: no end)."""

    kind: str
    name: Text
    certificate_type: str = ""
    months: int = 0
    sample: str = ""


class Faq(Part, frozen=True):
    """A question that is often asked, and its answer."""

    question: Text
    answer: Text


class LegalBasis(Part, frozen=True):
    """What it rests on (设定依据); `to_check`: the reference was not compared with the official text yet."""

    name: Text
    number: str = ""
    clause: str = ""
    content: Text = NOTHING
    to_check: bool = True


class Authority(Part, frozen=True):
    """Who carries it out (实施主体): the department's key, its unified social credit code and nature."""

    department: str
    name: Text
    uscc: str
    nature: str = "1"
    level: str = "4"
    power_source: str = "1"
    delegated_by: Text = NOTHING


class Place(Part, frozen=True):
    """Where and when one can go (办理地点, 办理时间)."""

    name: Text
    address: Text
    hours: Text
    phone: str = ""
    town_code: str = ""
    village_code: str = ""


class Channels(Part, frozen=True):
    """The ways in which it can be done (办理形式 and the yes-or-no fields beside it)."""

    forms: tuple[str, ...] = ("1", "2")
    online_depth: str = "5"
    in_hall: bool = True
    post: bool = False
    payment: bool = False
    appointment: bool = False
    kiosk: bool = False
    range: str = "4"
    visits: int = 0
    visit_reason: Text = NOTHING

    @property
    def online(self) -> bool:
        """Whether it can be done online (是否网办)."""
        return "2" in self.forms


class SignOn(Part, frozen=True):
    """Whether computer and phone take over the sign-in, and where they lead (单点登录, 跳转地址)."""

    computer: bool = True
    computer_url: str = ""
    mobile: bool = True
    mobile_url: str = ""


class Official(Part, frozen=True):
    """The codes under which others know it, and whence it came (基本编码, 实施编码, 数据来源, 同步…)."""

    catalog_code: str = ""
    task_code: str = ""
    handling_code: str = ""
    local_code: str = ""
    data_source: str = ""
    sync_batch: str = ""
    sync_kind: str = ""
    synced_at: str = ""


class Item(Part, frozen=True):
    """One service item as one version of it says.

    `form` is JSON Schema of what only the applicant knows (`x-prefill: "register.field"`). `decision` names the table that
    decides (""; a person decides), `automatic` says that it decides alone; `entitlement` names the table that finds whoever
    is entitled without asking (免申即享).
    """

    code: str
    name: Text
    kind: str
    authority: Authority
    audience: tuple[str, ...]
    case_kind: str
    summary: Text
    limits: Limits
    legal_basis: tuple[LegalBasis, ...]
    steps: tuple[Step, ...]
    enquiries: Text
    complaints: Text
    official: Official = Official()
    edition: str = codes.EDITION
    number: str = "1.0"
    status: str = codes.IN_USE
    conditions: tuple[Condition, ...] = ()
    situations: tuple[Situation, ...] = ()
    materials: tuple[Material, ...] = ()
    form: Mapping[str, Any] = {}
    decision: str = ""
    automatic: bool = False
    entitlement: str = ""
    results: tuple[Result, ...] = ()
    fees: tuple[Fee, ...] = ()
    channels: Channels = Channels()
    places: tuple[Place, ...] = ()
    faq: tuple[Faq, ...] = ()
    special_procedures: tuple[Text, ...] = ()
    sign_on: SignOn = SignOn()
    joint_bodies: tuple[Text, ...] = ()
    intermediaries: tuple[Text, ...] = ()
    quota: Text = NOTHING
    themes: tuple[str, ...] = ()
    life_events: tuple[str, ...] = ()
    local_themes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    effective_from: str = ""
    effective_until: str = ""

    @property
    def for_persons(self) -> bool:
        """Whether a person may apply."""
        return codes.PERSON in self.audience

    @property
    def free(self) -> bool:
        """Whether it costs nothing (是否收费)."""
        return not self.fees


class BundleStep(Part, frozen=True):
    """One item of a bundle: needed always, or where `when` holds; it begins when those of `after` are done."""

    item: str
    required: bool = True
    when: tuple[Test, ...] = ()
    after: tuple[str, ...] = ()
    fields: Mapping[str, str] = {}


class Bundle(Part, frozen=True):
    """One thing (一件事): several items as one for the resident: one form (`form`) mapped to many (`BundleStep.fields`: the
    item's property → the bundle's), one clock beside those of the parts, one delivery."""

    code: str
    name: Text
    summary: Text
    lead: str
    audience: tuple[str, ...]
    steps: tuple[BundleStep, ...]
    limit: Limit
    form: Mapping[str, Any] = {}
    life_events: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    faq: tuple[Faq, ...] = ()
