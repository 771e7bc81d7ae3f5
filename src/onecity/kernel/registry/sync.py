"""Brings the database in step with the manifests: entity types, kinds of case and rules; a second run changes nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import transaction

from onecity.kernel.cases import catalogue
from onecity.kernel.cases import service as cases
from onecity.kernel.cases.models import CaseType
from onecity.kernel.cases.types import CaseTypeDecl
from onecity.kernel.registry.domain import Domain
from onecity.kernel.rules import publishing
from onecity.kernel.rules.publishing import Declared
from onecity.kernel.twin import service as twin


@dataclass
class SyncReport:
    """Names of what was written, by kind; `offered` are rules that staff had changed: the new one waits as a draft."""

    entity_types: list[str] = field(default_factory=list)
    case_types: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    offered: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Return whether anything was written."""
        return bool(self.entity_types or self.case_types or self.rules or self.offered)

    def __str__(self) -> str:
        if not self.changed:
            return "Nothing to change."
        parts = {
            "entity types": self.entity_types,
            "kinds of case": self.case_types,
            "rules": self.rules,
            "rules offered as drafts, because staff changed them": self.offered,
        }
        return "; ".join(f"{what}: {', '.join(names)}" for what, names in parts.items() if names)


@transaction.atomic
def run(domains: Iterable[Domain]) -> SyncReport:
    """Write the kinds of case that come with the platform and the declarations of these domains, and report what changed;
    what is no longer declared stays as it is."""
    report = SyncReport()
    report.case_types += catalogue.install(catalogue.shipped())
    for domain in domains:
        report.entity_types += [t.name for t in domain.entity_types if twin.declare_kind(t, domain.name)]
        report.case_types += [decl.name for decl in domain.case_types if _publish(decl)]
        for decl in domain.rules:
            outcome = publishing.declare(decl, domain.name)
            if outcome is Declared.OFFERED:
                report.offered.append(decl.name)
            elif outcome is not Declared.UNCHANGED:
                report.rules.append(decl.name)
    publishing.adopt()
    return report


def _publish(decl: CaseTypeDecl) -> bool:
    before = CaseType.objects.filter(name=decl.name).count()
    cases.publish(decl)
    return CaseType.objects.filter(name=decl.name).count() > before
