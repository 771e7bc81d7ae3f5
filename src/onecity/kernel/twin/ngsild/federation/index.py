"""The registrations of a tenant by what they speak of, so that looking some up does not go through all of them (5.12)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from onecity.kernel.twin.ngsild.federation.registration import EntityInfo, Registration


class Index:
    """Registrations by id and by type; those that name neither are always looked at."""

    def __init__(self, registrations: Iterable[Registration] = ()) -> None:
        self.registrations = tuple(registrations)
        self._by_id: dict[str, list[int]] = defaultdict(list)
        self._by_type: dict[str, list[int]] = defaultdict(list)
        self._always: list[int] = []
        for place, one in enumerate(self.registrations):
            for information in one.information:
                for info in information.entities or (EntityInfo(),):
                    self._put(place, info)

    def __bool__(self) -> bool:
        return bool(self.registrations)

    def candidates(self, ids: Sequence[str], types: Collection[str]) -> list[Registration]:
        """Those that may speak of one of the ids (empty: of any) and one of the types (empty: of any); never too few."""
        if not ids and not types:
            return list(self.registrations)
        places = set(self._always)
        if ids:
            for urn in ids:
                places.update(self._by_id.get(urn, ()))
        else:
            for found in self._by_id.values():
                places.update(found)
        for name in types or self._by_type:
            places.update(self._by_type.get(name, ()))
        return [self.registrations[place] for place in sorted(places)]

    def _put(self, place: int, info: EntityInfo) -> None:
        if info.id is not None:
            self._by_id[info.id].append(place)
        elif info.types:
            for name in info.types:
                self._by_type[name].append(place)
        else:
            self._always.append(place)
