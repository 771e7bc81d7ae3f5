"""What a group of applications is decided by: versions of items and tables, kinds of certificate, parties; each read once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from onecity.domains.services.applying.parties import Party, unknown
from onecity.domains.services.items import store
from onecity.domains.services.items.logic.item import Item
from onecity.domains.services.items.logic.tables import Deciding
from onecity.domains.services.items.models import Sort
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Identity
from onecity.kernel.records.certificates import types
from onecity.kernel.records.certificates.types import CertificateType


@dataclass
class Books:
    """Kept for one transaction, so that nothing in it grows old."""

    parties: Mapping[UUID, Party] = field(default_factory=dict)
    _items: dict[tuple[str, int], Item] = field(default_factory=dict)
    _tables: dict[tuple[str, int], tuple[Deciding, str]] = field(default_factory=dict)
    _kinds: dict[str, CertificateType | None] = field(default_factory=dict)

    @classmethod
    def of(cls, principals: Iterable[UUID]) -> "Books":
        """With these parties; the right to act for them was proved when the application was sent."""
        found = Identity.objects.in_bulk(list(dict.fromkeys(principals)))
        return cls({key: Party(one, "sent") for key, one in found.items()})

    def party(self, principal_id: UUID) -> Party:
        """The party of an application; raises Problem 403 where it is gone."""
        found = self.parties.get(principal_id)
        if found is None:
            raise unknown()
        return found

    def item(self, code: str, number: int) -> Item:
        """A version of an item; raises Problem 404."""
        if (code, number) not in self._items:
            self._items[code, number] = store.version(Sort.ITEM, code, number).item
        return self._items[code, number]

    def table(self, name: str, number: int) -> tuple[Deciding, str]:
        """A version of a table, and what names this version for good; raises Problem 404."""
        if (name, number) not in self._tables:
            found = store.version(Sort.TABLE, name, number)
            self._tables[name, number] = found.deciding, str(found.version_id)
        return self._tables[name, number]

    def kind(self, code: str) -> CertificateType | None:
        """The kind of certificate in force; None where there is none of this code."""
        if code not in self._kinds:
            try:
                self._kinds[code] = types.in_force(code)[0]
            except Problem:
                self._kinds[code] = None
        return self._kinds[code]
