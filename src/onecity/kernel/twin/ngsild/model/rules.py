"""What a request may bring: whole entities only, NGSI-LD Null, parts of instances, several instances of a data set …"""

from dataclasses import dataclass
from typing import Final

from onecity.kernel.twin.ngsild.context.terms import Context


@dataclass(frozen=True, slots=True)
class Rules:
    """What is allowed in a body, by operation.

    `nulls`: NGSI-LD Null asks for deletion (5.5.8). `within`: also inside compound values (merge patch, 5.5.12).
    `partial`: an instance may lack its value and its `type`. `repeated`: a data set may have several instances
    (temporal evolution). `system`: keep createdAt, modifiedAt, deletedAt, instanceId (data of another broker).
    `attribute`: the body is one attribute itself, so that an object without a value's member is no value.
    `deleted`: NGSI-LD Null stands as the value of an instance that was deleted (history of another broker, 5.5.4).
    """

    nulls: bool = False
    within: bool = False
    partial: bool = False
    repeated: bool = False
    system: bool = False
    deleted: bool = False
    attribute: bool = False


WHOLE: Final = Rules()  # create, replace, append
UPDATE: Final = Rules(nulls=True)  # update attributes (5.6.2)
PARTIAL: Final = Rules(nulls=True, partial=True, attribute=True)  # partial attribute update (5.6.4)
REPLACED: Final = Rules(attribute=True)  # replace attribute (5.6.19)
MERGE: Final = Rules(nulls=True, within=True, partial=True)  # merge patch (5.6.17)
TEMPORAL: Final = Rules(repeated=True)  # create or update a temporal evolution (5.6.11, 5.6.12)
FOREIGN: Final = Rules(system=True)  # entities that another broker answered
EVOLUTION: Final = Rules(repeated=True, system=True, deleted=True)  # a temporal evolution that another broker answered


@dataclass(frozen=True, slots=True)
class Reading:
    """What every part of one reading needs: the @context, the moment, and what is allowed."""

    context: Context
    now: str
    rules: Rules
