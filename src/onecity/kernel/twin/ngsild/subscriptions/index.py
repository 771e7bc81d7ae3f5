"""Which subscriptions a change may concern: found by tenant, id, type and watched attribute, then by their conditions."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from onecity.kernel.twin.ngsild.subscriptions.compiled import Compiled
from onecity.kernel.twin.ngsild.subscriptions.events import Event

ANY: Final = "*"  # no name of a type or an attribute
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


class Index:
    """The active subscriptions that wait for changes."""

    def __init__(self) -> None:
        self._all: dict[UUID, Compiled] = {}
        self._places: dict[Key, dict[UUID, Compiled]] = {}
        self._interest: Interest | None = None

    def __len__(self) -> int:
        return len(self._all)

    def put(self, one: Compiled) -> None:
        """Take a subscription in, in place of its older self."""
        self.drop(one.id)
        self._all[one.id] = one
        for key in _keys(one):
            self._places.setdefault(key, {})[one.id] = one
        self._interest = None

    def drop(self, identifier: UUID) -> None:
        """Forget a subscription."""
        known = self._all.pop(identifier, None)
        if known is None:
            return
        for key in _keys(known):
            place = self._places[key]
            del place[identifier]
            if not place:
                del self._places[key]
        self._interest = None

    def candidates(self, event: Event) -> Iterator[Compiled]:
        """Each subscription that the change may concern, once."""
        seen: set[UUID] = set()
        for key in _asked(event):
            for identifier, one in self._places.get(key, NOTHING).items():
                if identifier not in seen:
                    seen.add(identifier)
                    yield one

    def interest(self) -> Interest:
        """What is waited for in all."""
        if self._interest is None:
            self._interest = _interest(self._all.values())
        return self._interest


NOTHING: Final[Mapping[UUID, Compiled]] = {}


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
        None if attributes is None else tuple(sorted(attributes)),
    )
