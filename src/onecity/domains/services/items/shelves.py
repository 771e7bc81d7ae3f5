"""How services are put on shelves: by life event, theme, department and audience, with what a list of them says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from onecity.domains.services.items import navigation, store
from onecity.domains.services.items.navigation import Word
from onecity.domains.services.items.store import Published

PERSON, COMPANY = "person", "company"
COMPANIES = frozenset("234567")


@dataclass(frozen=True)
class Shelf:
    """One entry of the navigation with how many services stand there, and the bundle that does several of them as one."""

    word: Word
    count: int
    bundle: Published | None = None


@dataclass(frozen=True)
class Catalogue:
    """Everything in force."""

    items: Mapping[str, Published]
    bundles: Mapping[str, Published]

    def events(self, audience: str) -> list[Shelf]:
        """Life events with their bundles."""
        by_event = {event: one for one in self.bundles.values() for event in one.bundle.life_events}
        words = navigation.words().life_events.values()
        return [
            Shelf(word, sum(word.key in one.item.life_events for one in self.items.values()), by_event.get(word.key))
            for word in words
            if word.audience == audience
        ]

    def themes(self, audience: str) -> list[Shelf]:
        """Themes on which something stands."""
        shelves = [
            Shelf(word, sum(word.key in one.item.themes for one in self.items.values()))
            for word in navigation.words().themes.values()
            if word.audience == audience
        ]
        return [shelf for shelf in shelves if shelf.count]

    def departments(self) -> list[Shelf]:
        """Departments that have something."""
        shelves = [
            Shelf(word, sum(one.item.authority.department == word.key for one in self.items.values()))
            for word in navigation.words().departments.values()
        ]
        return [shelf for shelf in shelves if shelf.count]

    def popular(self) -> list[Published]:
        """What is asked for most."""
        return [self.items[code] for code in navigation.words().popular if code in self.items]

    def chosen(self, *, theme: str = "", event: str = "", department: str = "", audience: str = "") -> list[Published]:
        """The items of a shelf, the automatic ones first."""
        found = [
            one
            for one in self.items.values()
            if (not theme or theme in one.item.themes)
            and (not event or event in one.item.life_events)
            and (not department or department == one.item.authority.department)
            and (not audience or fits(one, audience))
        ]
        return sorted(found, key=lambda one: (not one.item.automatic, one.item.authority.department, one.code))

    def parts(self, bundle: Published) -> Sequence[tuple[Published, bool]]:
        """The items of a bundle in order, and whether each is always needed."""
        steps = bundle.bundle.steps
        return [(self.items[step.item], step.required) for step in steps if step.item in self.items]

    def containing(self, code: str) -> list[Published]:
        """The bundles of which an item is a part."""
        return [one for one in self.bundles.values() if any(step.item == code for step in one.bundle.steps)]


def catalogue() -> Catalogue:
    """What is in force now."""
    return Catalogue(store.items(), store.bundles())


def fits(one: Published, audience: str) -> bool:
    """Whether a person, or a company, may apply."""
    return one.item.for_persons if audience == PERSON else bool(COMPANIES & set(one.item.audience))


def beside(one: Published, all_items: Iterable[Published], most: int = 4) -> list[Published]:
    """Items that people look for together with this one: of the same life events and themes."""
    events, themes = set(one.item.life_events), set(one.item.themes)
    ranked = [
        (len(events & set(other.item.life_events)) * 2 + len(themes & set(other.item.themes)), other)
        for other in all_items
        if other.code != one.code
    ]
    near = sorted((pair for pair in ranked if pair[0] > 1), key=lambda pair: (-pair[0], pair[1].code))
    return [other for _closeness, other in near[:most]]
