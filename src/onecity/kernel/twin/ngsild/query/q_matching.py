"""A query of 4.9 as a function of one entity, put together once so that each call costs little."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from onecity.kernel.twin.ngsild.query.comparing import Test, value_test
from onecity.kernel.twin.ngsild.query.language import (
    TEMPORAL_MEMBERS,
    Absent,
    Either,
    Entity,
    Every,
    Path,
    Q,
    Range,
    Term,
    of_moments,
)
from onecity.kernel.twin.ngsild.query.patterns import Pattern

Linked = Callable[[str], Entity | None]
EntityTest = Callable[[Entity, Linked], bool]
InstanceTest = Callable[[Mapping[str, Any]], bool]
VALUE_MEMBERS = ("value", "json", "valueList")
OBJECT_MEMBERS = ("object", "objectList")
NEGATIVE = frozenset({"!=", "!~="})


def q_test(q: Q) -> EntityTest:
    """Return the function that decides whether an entity meets `q`; its second argument fetches linked entities by id."""
    if isinstance(q, Every | Either):
        parts = tuple(q_test(part) for part in q.parts)
        if isinstance(q, Every):
            return lambda entity, linked: all(part(entity, linked) for part in parts)
        return lambda entity, linked: any(part(entity, linked) for part in parts)
    if isinstance(q, Absent):
        present = q_test(Term(q.path))
        return lambda entity, linked: not present(entity, linked)
    inner = _local_test(q)
    return _over_links(q.path, inner) if q.path.links else inner


def _over_links(path: Path, inner: EntityTest) -> EntityTest:
    """Return the test that some entity at the end of the path's relationships meets `inner`."""
    links = path.links

    def reach(entity: Entity, linked: Linked, step: int) -> bool:
        if step == len(links):
            return inner(entity, linked)
        link = links[step]
        for instance in entity.attributes.get(link.relationship, ()):
            for urn in objects(instance):
                target = linked(urn)
                if target is None or (link.types and not set(link.types).intersection(target.types)):
                    continue
                if reach(target, linked, step + 1):
                    return True
        return False

    return lambda entity, linked: reach(entity, linked, 0)


def objects(instance: Mapping[str, Any]) -> Iterator[str]:
    """Yield the ids a Relationship or ListRelationship points at."""
    for member in OBJECT_MEMBERS:
        found = instance.get(member)
        for item in found if isinstance(found, list) else (found,):
            urn = item.get("object") if isinstance(item, dict) else item
            if isinstance(urn, str):
                yield urn


def _local_test(term: Term) -> EntityTest:
    if not term.path.names:
        return _entity_member_test(term)
    test = instance_test(term)
    first, *rest = term.path.names
    if not rest:
        return lambda entity, _linked: any(map(test, entity.attributes.get(first, ())))
    return lambda entity, _linked: any(map(test, _below(entity.attributes.get(first, ()), rest)))


def reached(entity: Entity, names: tuple[str, ...]) -> list[Mapping[str, Any]]:
    """Return the instances of the element that a dotted path leads to."""
    return list(_below(entity.attributes.get(names[0], ()), list(names[1:])))


def _below(instances: Iterable[Mapping[str, Any]], names: list[str]) -> Iterable[Mapping[str, Any]]:
    """Return the instances of the sub-attribute that `names` lead to."""
    for name in names:
        found: list[Mapping[str, Any]] = []
        for instance in instances:
            inner = instance.get(name)
            if isinstance(inner, dict):
                found.append(inner)
            elif isinstance(inner, list):
                found += [one for one in inner if isinstance(one, dict)]
        instances = found
    return instances


def _entity_member_test(term: Term) -> EntityTest:
    """Return a test of createdAt, modifiedAt or expiresAt of the entity itself."""
    names = {"createdAt": "created_at", "modifiedAt": "modified_at", "expiresAt": "expires_at"}
    attribute = names[term.path.member]
    test: Test = (lambda _value: True) if term.comparison == "exists" else _moment_test(term)
    negative = term.comparison in NEGATIVE and not isinstance(term.operand, Pattern)

    def decide(entity: Entity, _linked: Linked) -> bool:
        value = getattr(entity, attribute)
        return value is not None and not term.path.trailing and test(value) is not negative

    return decide


def _moment_test(term: Term) -> Test:
    """Return the test of a member that is a DateTime; what has another data type is never equal, and no pattern matches."""
    operand = of_moments(term)
    return (lambda _value: False) if operand is None else value_test(term.comparison, operand)


def instance_test(term: Term) -> InstanceTest:
    """Return the test of one instance of the attribute that the path ends at; any instance that meets it is enough."""
    path = term.path
    if term.comparison == "exists":
        return _existence(path)
    negative = term.comparison in NEGATIVE
    if path.member in TEMPORAL_MEMBERS:
        negative = negative and not isinstance(term.operand, Pattern)
        return _member_test(path.member, _moment_test(term), negative=negative, trailing=bool(path.trailing))
    test = value_test(term.comparison, term.operand)
    if path.member:
        return _member_test(path.member, test, negative=negative, trailing=bool(path.trailing))
    if negative:
        return _negative(term, test)
    if term.comparison == "==" and not isinstance(term.operand, Range):
        return _equality(term, test)
    return _ordering(path.trailing, test)


def _existence(path: Path) -> InstanceTest:
    if path.member:
        member, trailing = path.member, path.trailing
        return lambda instance: not trailing and instance.get(member) is not None
    if path.trailing:
        return lambda instance: bool(seeds(instance, path.trailing))
    return lambda _instance: True


def _member_test(member: str, test: Test, *, negative: bool, trailing: bool) -> InstanceTest:
    def decide(instance: Mapping[str, Any]) -> bool:
        value = instance.get(member)
        return value is not None and not trailing and test(value) is not negative

    return decide


def seeds(instance: Mapping[str, Any], trailing: tuple[str, ...]) -> list[Any]:
    """Return the values that a path in square brackets leads to: of the value, or texts of a language map."""
    if "languageMap" in instance:
        texts = instance["languageMap"]
        if trailing == ("*",):
            return list(texts.values())
        return [texts[trailing[0]]] if len(trailing) == 1 and trailing[0] in texts else []
    found: list[Any] = []
    for member in ("value", "json"):
        if member in instance:
            value = instance[member]
            for name in trailing:
                if not isinstance(value, dict) or name not in value:
                    break
                value = value[name]
            else:
                found.append(value)
    return found


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from value
        else:
            yield value


def _equality(term: Term, test: Test) -> InstanceTest:
    trailing = term.path.trailing
    if trailing:
        return lambda instance: any(test(seed) or _holds(seed, test) for seed in seeds(instance, trailing))
    vocab = _vocabulary(term)

    def decide(instance: Mapping[str, Any]) -> bool:
        if "value" in instance:
            value = instance["value"]
            return any(map(test, value)) if type(value) is list else test(value)
        return _other_equality(instance, test, vocab)

    return decide


def _holds(value: Any, test: Test) -> bool:
    return type(value) is list and any(map(test, value))


def _other_equality(instance: Mapping[str, Any], test: Test, vocab: frozenset[str]) -> bool:
    """Decide equality for what is no Property."""
    if "vocab" in instance:
        held = instance["vocab"]
        return not vocab.isdisjoint(held if isinstance(held, list) else (held,))
    if "object" in instance or "objectList" in instance:
        return any(map(test, objects(instance)))
    if "languageMap" in instance:
        return any(map(test, _flat(instance["languageMap"].values())))
    for member in ("json", "valueList"):
        if member in instance:
            return test(instance[member]) or _holds(instance[member], test)
    return False


def _vocabulary(term: Term) -> frozenset[str]:
    operand = term.operand
    if isinstance(operand, Range | Pattern):
        return frozenset()
    return frozenset(value.vocab for value in operand) - {""}


def _ordering(trailing: tuple[str, ...], test: Test) -> InstanceTest:
    """Return the test of >, <, ranges and patterns: on one value or on any text of a language map, never on an array or object."""
    if trailing:
        return lambda instance: any(map(test, _texts_or(instance, seeds(instance, trailing))))

    def decide(instance: Mapping[str, Any]) -> bool:
        if "value" in instance:
            return test(instance["value"])
        if "languageMap" in instance:
            return any(map(test, _flat(instance["languageMap"].values())))
        return "json" in instance and test(instance["json"])

    return decide


def _texts_or(instance: Mapping[str, Any], seeds: list[Any]) -> Iterable[Any]:
    return _flat(seeds) if "languageMap" in instance else seeds


def _negative(term: Term, test: Test) -> InstanceTest:
    """Return the test of != and !~=: the element is there, and nothing of it is equal (or in the language of the pattern)."""
    trailing = term.path.trailing
    pattern = isinstance(term.operand, Pattern)
    positive = _ordering(trailing, test) if pattern or isinstance(term.operand, Range) else _equality(term, test)
    if pattern:
        is_text = _ordering(trailing, lambda value: type(value) is str)
        return lambda instance: is_text(instance) and not positive(instance)
    if trailing:
        return lambda instance: bool(seeds(instance, trailing)) and not positive(instance)
    return lambda instance: not positive(instance)
