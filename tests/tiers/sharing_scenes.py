"""What is done on both sides in the tests of what is shared: kinds of case, deeds, photos, words, policies."""

import json
import random
from typing import Any

from tests.tiers.two_tiers import Node

# everything that a kind of case may provide for; in force at the district
KIND = """
import datetime as dt
from onecity.kernel.cases import service as cases
from onecity.kernel.cases.logic.definition import Limit
from onecity.kernel.cases.logic.provisions import Choice, Contact, Extension, Rating, Span, Suspension
from onecity.kernel.cases.types import CaseTypeDecl, Provides
REASONS = (Choice("weather", {"zh": "天气原因", "en": "Weather"}),)
FULL = Provides(contact=Contact(Span(1, "working_days")), extension=Extension(Span(5, "working_days"), times=1, reasons=REASONS),
    suspension=Suspension(Span(10, "working_days"), reasons=REASONS), supervision=Limit(3, "working_days"), parts=True,
    joint=True, rating=Rating(bad=2))
for name, days in zip(sys.argv[1].split(","), map(int, sys.argv[2].split(",")), strict=True):
    cases.publish(CaseTypeDecl(name, sys.argv[3] + " " + name, deadline=(days, "working_days"), provides=FULL),
        effective_from=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
print(json.dumps(True))
"""
OPEN = """
from onecity.kernel.cases import service as cases
from onecity.kernel.cases.reporting import Person
found = {}
for kind, title in json.loads(sys.argv[2]):
    case = cases.open_case(cases.NewCase(type_name=kind, title=title, division_path=sys.argv[1], lon=121.35, lat=30.85,
        description="behind the mill, says " + title, reporter=Person(name="Wang Xiaoming", phone="13800138000")))
    cases.comment(case.id, None, "seen by " + title)
    found[kind] = [str(case.id), case.reporter_shown]
print(json.dumps(found))
"""
# [[action, note, data], …] one after the other by nobody in particular: the platform, which no right binds
DO = """
from uuid import UUID
from onecity.kernel.cases import acting, rating
from onecity.kernel.cases.models import Case
from onecity.kernel.people.models import Organisation
case_id = UUID(sys.argv[1])
office = lambda code: str(Organisation.objects.get(code=code).id)
for action, note, data in json.loads(sys.argv[2]):
    case = Case.objects.defer("search").get(id=case_id)
    if action == "word":
        rating.say(case, note, None)
    elif action == "rated":
        rating.rate(case, rating.Given(data["stars"], note, step="visit"), None)
    elif action == "hand_over":
        acting.hand_over(case_id, UUID(office(data["to"])), None, note)
    else:
        if "join" in data:
            data = {"organisations": [office(data["join"])]}
        if "share_of" in data:
            data = {"organisation_id": office(data["share_of"])}
        acting.act(case_id, action, None, note, data)
case = Case.objects.defer("search").get(id=case_id)
print(json.dumps([case.state, case.version]))
"""
SEED = 20261125
ATTACH = """
import sys
from pathlib import Path
from uuid import UUID
from onecity.kernel.cases import attachments
made = attachments.attach(UUID(sys.argv[1]), "paper.pdf", Path(sys.argv[2]).read_bytes(), None)
print(json.dumps(made.sha256))
"""
ATTACHED = """
from django.test.utils import override_settings
from uuid import UUID
from onecity.kernel.cases import attachments
from onecity.kernel.cases.models import Case
print(json.dumps([[one.sha256, str(one.awaited), attachments.path_of(one.sha256).exists()]
    for one in attachments.of_case(Case.objects.get(id=UUID(sys.argv[1])))]))
"""
OFFICE = """
from onecity.kernel.people.models import Organisation
made, _new = Organisation.objects.get_or_create(code=sys.argv[1], defaults={"name": sys.argv[2], "division_path": sys.argv[3]})
print(json.dumps(str(made.id)))
"""
SWEEP = """
import datetime as dt
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.sweep import sweep
case = Case.objects.get(id=sys.argv[1])
print(json.dumps(sweep(case.final_deadline + dt.timedelta(minutes=1))))
"""
ACKNOWLEDGE = """
from onecity.kernel.people.models import Account
from onecity.kernel.rules.acknowledging import acknowledge
from onecity.kernel.rules.models import Alert
alert = acknowledge(Alert.objects.get(id=sys.argv[1]), Account.objects.get(username=sys.argv[2]), sys.argv[3])
print(json.dumps(alert.acknowledged_by_name))
"""
CODEC = """
from onecity.kernel.telemetry import codec_library
made = codec_library.adopt(json.loads(sys.argv[1]), sys.argv[2])
print(json.dumps(made.version))
"""
RULE = """
from onecity.kernel.rules import definition, publishing
from onecity.kernel.rules.models import Rule
rule = Rule.objects.get(name=sys.argv[1])
data = publishing.in_force(rules=Rule.objects.filter(pk=rule.pk))[0].definition | {"titles": {"zh-hans": sys.argv[2], "en": sys.argv[2]}}
publishing.publish(publishing.save_draft(rule, definition.from_data(data), author=None, comment="test"), by=None)
print(json.dumps(publishing.in_force(rules=Rule.objects.filter(pk=rule.pk))[0].definition))
"""
IN_FORCE = """
from onecity.kernel.rules import publishing
from onecity.kernel.rules.models import Rule
print(json.dumps([version.definition for version in publishing.in_force(rules=Rule.objects.filter(name=sys.argv[1]))]))
"""
# how a device writes a temperature, as the district's people have declared it
THERMOMETER: dict[str, Any] = {
    "name": "test-thermometer",
    "format": "binary",
    "messages": [
        {"fields": [{"attribute": "temperature", "offset": 0, "type": "int16", "scale": 0.01, "unit": "Cel"}]}
    ],
    "tests": [{"name": "warm", "hex": "0B0D", "readings": [{"attribute": "temperature", "value": 28.29}]}],
}
CASE = """
SELECT state, version, deadline, final_deadline, asked, paused_since, round, rung, contacted_at, supervised_until, result
FROM cases_case WHERE id = %s
"""
HELPERS = """
SELECT p.kind, p.state, o.name, o.division_path, p.note FROM cases_participant p JOIN people_organisation o
ON o.id = p.organisation_id WHERE p.case_id = %s ORDER BY p.asked_at
"""
RATINGS = "SELECT stars, text, step, real_name FROM cases_rating WHERE case_id = %s ORDER BY at"
SAID = "SELECT acknowledged_by_name, note, acknowledged_at FROM rules_alert WHERE id = %s"
SHOWN = "SELECT title, description, lon IS NULL, reporter_shown FROM cases_case WHERE id = %s"


def do(node: Node, case_id: str, *deeds: tuple[str, str, dict[str, Any]]) -> tuple[str, int]:
    state, version = node.script(DO, case_id, json.dumps(deeds))
    return state, version


def paper(size: int) -> bytes:
    """A document of so many bytes, kept as it comes: a PDF (ISO 32000) with noise inside."""
    noise = random.Random(SEED).randbytes(size)
    return b"%PDF-1.7\n" + noise.replace(b"%%EOF", b"%%%%%") + b"\n%%EOF\n"
