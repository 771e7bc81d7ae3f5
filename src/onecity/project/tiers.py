"""What a district and its towns exchange beside readings, entities and cases: declared here, where all layers are known."""

import logging
from collections.abc import Mapping
from typing import Any

from onecity.kernel.cases import type_store
from onecity.kernel.cases.logic.definition import parse, to_data
from onecity.kernel.core.errors import Problem
from onecity.kernel.registry import registry
from onecity.kernel.rules import casework, publishing
from onecity.kernel.rules import definition as definitions
from onecity.kernel.rules.models import Origin, Rule, RuleVersion
from onecity.kernel.telemetry import codec_library
from onecity.kernel.telemetry.models import CodecStatus, CodecVersion
from onecity.kernel.tiers import documents, mirrors
from onecity.kernel.tiers.documents import Kind
from onecity.kernel.tiers.mirrors import Mirror, Reference
from onecity.kernel.tiers.peers import Joined
from onecity.kernel.web import indicators

# an alert is its town's: the district shows it and does not judge the readings again
ALERTS = Mirror(
    "rules_alert",
    "up",
    (
        Reference("rule_id", "rules_rule", ("name",)),
        # versions are counted on each side; where the very one is not here, another of the same rule stands for it
        Reference("version_id", "rules_ruleversion", ("rule_id", "number"), least=1),
        Reference("series_id", "telemetry_series", ("entity_urn", "attribute"), optional=True),
    ),
    # the case of an alert is opened where the alert is raised
    {"wants_case": False},
    # whoever has seen it, on either side
    said=("acknowledged_at", "acknowledged_by_id", "acknowledged_by_name", "note"),
    kind="alert",
    title="entity_name",
    told=casework.announce,
)
log = logging.getLogger(__name__)
FROM_DISTRICT = "From the district"
FROM_TOWN = "From a town"


def declare() -> None:
    """Make mirrors and documents known to the tiers."""
    mirrors.declare(ALERTS)
    documents.declare(
        Kind("case_types", "down", _case_types, _take_case_types),
        Kind("codecs", "down", _codecs, _take_codecs),
        Kind("rules", "down", _rules_for_town, _take_rules),
        Kind("town_rules", "up", _rules_of_town, _take_town_rules),
        Kind("indicators", "up", _indicators),
    )


def _case_types(_peer: Joined) -> Any:
    return {kind.name: to_data(kind.definition) for kind in type_store.all_in_force()}


def _take_case_types(_peer: Joined, content: Mapping[str, Any]) -> None:
    for name, data in content.items():
        type_store.publish_definition(name, parse(data))


def _codecs(_peer: Joined) -> Any:
    rows = CodecVersion.objects.filter(status=CodecStatus.PUBLISHED).order_by("name")
    return [{"definition": row.definition, "division_path": row.division_path} for row in rows]


def _take_codecs(_peer: Joined, content: list[dict[str, Any]]) -> None:
    """How the district reads its devices, so does the town; a codec that cannot be used here does not stop the others."""
    for found in content:
        try:
            codec_library.adopt(found["definition"], str(found["division_path"]))
        except Problem as problem:
            log.warning("a codec of the district is not taken: %s", problem)


def _rules_for_town(peer: Joined) -> Any:
    """Rules that hold in the town: those of the whole district and of the town itself."""
    return [
        _as_data(version)
        for version in publishing.in_force(paused=True)
        if peer.division_path.startswith(version.division_path) or version.division_path.startswith(peer.division_path)
    ]


def _rules_of_town(peer: Joined) -> Any:
    """Rules that the town made for itself."""
    own = publishing.in_force(rules=Rule.objects.filter(division_path__startswith=peer.division_path))
    return [_as_data(version) for version in own]


def _as_data(version: RuleVersion) -> dict[str, Any]:
    rule = version.rule
    names = {"name": rule.name, "division_path": rule.division_path, "domain": rule.domain, "paused": rule.paused}
    return names | {"definition": version.definition}


def _take_rules(_peer: Joined, content: list[dict[str, Any]]) -> None:
    """What holds at the district holds here in the same words, paused there is paused here."""
    for found in content:
        rule = Rule.objects.filter(name=found["name"]).first()
        if rule is None:
            _create(found, FROM_DISTRICT, paused=bool(found["paused"]))
            continue
        now_holds = publishing.in_force(rules=Rule.objects.filter(pk=rule.pk), paused=True)
        if not now_holds or now_holds[0].definition != found["definition"]:
            wanted = definitions.from_data(found["definition"])
            publishing.publish(publishing.save_draft(rule, wanted, author=None, comment=FROM_DISTRICT), by=None)
        if rule.paused != found["paused"]:
            publishing.pause(rule, paused=bool(found["paused"]))


def _take_town_rules(peer: Joined, content: list[dict[str, Any]]) -> None:
    """A town's own rules are known here by name, for its alerts; they judge nothing here, for its readings are its own."""
    for found in content:
        own = str(found["division_path"]).startswith(peer.division_path)
        if own and not Rule.objects.filter(name=found["name"]).exists():
            _create(found, FROM_TOWN, paused=True)


def _create(found: Mapping[str, Any], comment: str, *, paused: bool) -> None:
    wanted = definitions.from_data(found["definition"])
    path = str(found["division_path"])
    rule = publishing.create(str(found["name"]), wanted, division_path=path, author=None, origin=Origin.FILE)
    draft = publishing.save_draft(rule, wanted, author=None, comment=comment)
    publishing.publish(draft, by=None)
    if paused:
        publishing.pause(rule, paused=True)


def _indicators(peer: Joined) -> Any:
    """The town's indicators as it shows them itself: value and unit by name."""
    figures = (indicators.figure(one, peer.division_path) for domain in registry.domains() for one in domain.indicators)
    return {one.name: {"value": one.value, "unit": one.unit} for one in figures if one.value is not None}
