"""Which subscriptions a change may concern: found by tenant, id, type and watched attribute, then by their conditions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.subscriptions.compiled import Compiled
from onecity.kernel.twin.ngsild.subscriptions.events import Event
from onecity.kernel.twin.ngsild.subscriptions.screening import Screen

ANY: Final = "*"  # no name of a type or an attribute
# fewer are quicker decided one by one than by arrays
FEW: Final = 16
# beyond this it is quicker to read all changes of their types than to ask the database for each name
MOST_NAMES: Final = 200
Key = tuple[str, ...]
# beyond this it is quicker to read all changes of their types than to send the ids along with every look
MOST_URNS: Final = 100


@dataclass(frozen=True, slots=True)
class Interest:
    """What any subscription waits for, to leave the rest in the database; None: everything.

    `attributes` holds for changes of attributes; that an entity came or went may always matter.
    """

    types: tuple[str, ...] | None
    urns: tuple[str, ...]
    attributes: tuple[str, ...] | None


class _Place:
    """The subscriptions that are found under one key; most of them behind a screen, which is renewed when it has aged."""

    def __init__(self) -> None:
        self.all: dict[UUID, Compiled] = {}
        self._screened: list[Compiled] = []
        self._fresh: dict[UUID, Compiled] = {}
        self._screen = Screen(())

    def put(self, one: Compiled) -> None:
        """Take one in."""
        self.all[one.id] = self._fresh[one.id] = one

    def drop(self, identifier: UUID) -> None:
        """Forget one."""
        del self.all[identifier]
        self._fresh.pop(identifier, None)

    def passed(self, entity: StoredEntity) -> Iterable[Compiled]:
        """Those whose conditions the entity may meet."""
        if len(self.all) <= FEW:
            return self.all.values()
        if len(self._fresh) > FEW + len(self.all) // 8 or len(self._screened) > 2 * len(self.all):
            self._renew()
        kept = [self._screened[row] for row in self._screen.passed(entity)]
        return [*(one for one in kept if self.all.get(one.id) is one), *self._fresh.values()]

    def _renew(self) -> None:
        pairs = [(one, selection) for one in self.all.values() for selection in one.selections]
        self._screened = [one for one, _selection in pairs]
        self._screen = Screen([selection for _one, selection in pairs])
        self._fresh = {}


class Index:
    """The active subscriptions that wait for changes."""

    def __init__(self) -> None:
        self._all: dict[UUID, Compiled] = {}
        self._places: dict[Key, _Place] = {}
        self._interest: Interest | None = None

    def __len__(self) -> int:
        return len(self._all)

    def put(self, one: Compiled) -> None:
        """Take a subscription in, in place of its older self."""
        self.drop(one.id)
        self._all[one.id] = one
        for key in _keys(one):
            self._places.setdefault(key, _Place()).put(one)
        self._interest = None

    def drop(self, identifier: UUID) -> None:
        """Forget a subscription."""
        known = self._all.pop(identifier, None)
        if known is None:
            return
        for key in _keys(known):
            place = self._places[key]
            place.drop(identifier)
            if not place.all:
                del self._places[key]
        self._interest = None

    def candidates(self, event: Event, entity: StoredEntity | None = None) -> Iterator[Compiled]:
        """Each subscription that the change may concern, once; only those whose conditions `entity` may meet, if given."""
        seen: set[UUID] = set()
        for key in _asked(event):
            place = self._places.get(key)
            if place is None:
                continue
            for one in place.all.values() if entity is None else place.passed(entity):
                if one.id not in seen:
                    seen.add(one.id)
                    yield one

    def interest(self) -> Interest:
        """What is waited for in all."""
        if self._interest is None:
            self._interest = _interest(self._all.values())
        return self._interest


def _keys(one: Compiled) -> Iterator[Key]:
    watched = one.watched or (ANY,)
    for selection in one.selections:
        if selection.ids:
            for urn in selection.ids:
                yield "id", one.tenant, urn
        else:
            for type_name in selection.type_names() or (ANY,):
                for name in watched:
                    yield "type", one.tenant, type_name, name


def _asked(event: Event) -> Iterator[Key]:
    yield "id", event.tenant, event.urn
    for type_name in (*event.types, ANY):
        for name in (*event.touched, ANY):
            yield "type", event.tenant, type_name, name


def _interest(subscriptions: Iterable[Compiled]) -> Interest:
    types: set[str] | None = set()
    urns: set[str] = set()
    attributes: set[str] | None = set()
    for one in subscriptions:
        for selection in one.selections:
            names = selection.type_names()
            if selection.ids and (names is None or len(urns) < MOST_URNS):
                urns.update(selection.ids)
            elif names is None:
                types = None
            elif types is not None:
                types.update(names)
        if not one.watched:
            attributes = None
        elif attributes is not None:
            attributes.update(one.watched)
    return Interest(
        None if types is None else tuple(sorted(types)),
        tuple(sorted(urns)),
        None if attributes is None or len(attributes) > MOST_NAMES else tuple(sorted(attributes)),
    )
