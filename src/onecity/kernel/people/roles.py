"""The roles that every district starts with: which permissions each bundles, written down again at every migration.

Permissions are names here, since the packages that declare them stand above this one; a contract test holds that each
is declared. A district's own roles live beside these in the table and are left alone.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from onecity.kernel.people.models import Duty, Role


@dataclass(frozen=True)
class StandardRole:
    """One role of the start: short name, title, what it allows, and the duty that it may not be held together with."""

    name: str
    title: object
    permissions: tuple[str, ...]
    duty: Duty = Duty.NONE


SEE_THE_CITY = (
    "alerts.view",
    "cases.view",
    "devices.view",
    "entities.view",
    "operations.view",
    "rules.view",
    "telemetry.view",
    "tiers.view",
)
WORK_ON_CASES = (*SEE_THE_CITY, "alerts.acknowledge", "cases.handle", "cases.open")
LEAD_WORK = (*WORK_ON_CASES, "cases.dispatch", "cases.verify", "operations.command")

STANDARD_ROLES = (
    StandardRole(
        "operator",
        _("Operations centre, on duty"),
        (*LEAD_WORK, "cases.publish", "cases.reporters", "cases.supervise", "rules.edit"),
    ),
    StandardRole("handler", _("Case handler"), WORK_ON_CASES),
    StandardRole(
        "counter_clerk",
        _("Clerk at the counter"),
        (*WORK_ON_CASES, "cases.reporters", "certificates.view", "people.identify"),
    ),
    StandardRole(
        "certificate_officer",
        _("Officer for certificates"),
        (
            "certificates.issue",
            "certificates.manage",
            "certificates.reveal",
            "certificates.view",
            "seals.use",
            "seals.view",
        ),
    ),
    StandardRole("seal_keeper", _("Keeper of seals"), ("seals.manage", "seals.view")),
    StandardRole("seal_second", _("Second person for seals"), ("seals.approve", "seals.view")),
    StandardRole("town_lead", _("Town case manager"), LEAD_WORK),
    StandardRole("village_worker", _("Village or community worker"), WORK_ON_CASES),
    StandardRole(
        "data_officer",
        _("Data officer"),
        (
            *SEE_THE_CITY,
            "cases.formulas",
            "cases.keep",
            "cases.manage",
            "cases.names",
            "cases.publish",
            "devices.command",
            "devices.manage",
            "entities.edit",
            "rules.edit",
            "telemetry.manage",
            "tiers.manage",
        ),
    ),
    StandardRole("service_editor", _("Editor of services"), ("items.edit", "items.view", "terminals.manage")),
    StandardRole("service_publisher", _("Publisher of services"), ("items.publish", "items.view", "terminals.manage")),
    StandardRole("archivist", _("Archivist"), ("archive.keep", "archive.release", "archive.view")),
    StandardRole("archive_head", _("Head of the archive"), ("archive.approve", "archive.release", "archive.view")),
    # held beside another role, by those who need to know
    StandardRole("confidant", _("Confidential cases"), ("cases.view", "cases.confidential")),
    StandardRole(
        "administrator",
        _("System administrator"),
        ("people.view", "people.manage", "people.assign"),
        Duty.SYSTEM,
    ),
    StandardRole(
        "security_administrator", _("Security administrator"), ("people.view", "people.assign_duty"), Duty.SECURITY
    ),
    StandardRole("auditor", _("Auditor"), ("audit.view", "people.view"), Duty.AUDIT),
)


def sync() -> None:
    """Write the standard roles into the table, idempotent; titles in Chinese, the language of the stored data."""
    for role in STANDARD_ROLES:
        with override("zh-hans"):
            title = str(role.title)
        values = {"title": title, "permissions": list(role.permissions), "duty": role.duty}
        Role.objects.update_or_create(name=role.name, defaults=values)


def title_of(role: Role) -> str:
    """The role's title in the reader's language; a district's own role has only the stored one."""
    return str(next((standard.title for standard in STANDARD_ROLES if standard.name == role.name), role.title))
