"""Tables of cases: types with their versions, cases, their appended history, and the evidence attached to them."""

from onecity.kernel.cases.models.app_key import AppKey
from onecity.kernel.cases.models.attachment import Attachment
from onecity.kernel.cases.models.case import Case
from onecity.kernel.cases.models.case_event import CaseEvent
from onecity.kernel.cases.models.case_type import CaseType
from onecity.kernel.cases.models.draft import CaseTypeDraft, DraftState
from onecity.kernel.cases.models.duty import Duty, HandedCase, HandOver
from onecity.kernel.cases.models.erased_file import ErasedFile
from onecity.kernel.cases.models.field_act import FieldAct
from onecity.kernel.cases.models.field_photo import FieldPhoto
from onecity.kernel.cases.models.hold import Hold
from onecity.kernel.cases.models.import_mapping import ImportMapping
from onecity.kernel.cases.models.inspection_round import Rounds, RoundsState
from onecity.kernel.cases.models.merge import DuplicateCursor, DuplicatePair, Merge, PairState
from onecity.kernel.cases.models.name_policy import NamePolicy
from onecity.kernel.cases.models.participant import Participant, ParticipantState
from onecity.kernel.cases.models.rating import Rating
from onecity.kernel.cases.models.release import Release
from onecity.kernel.cases.models.reporter import Reporter
from onecity.kernel.cases.models.saved_filter import SavedFilter
from onecity.kernel.cases.models.score_formula import ScoreFormula
from onecity.kernel.cases.models.suggestion import SuggestionChosen, SuggestionShown
from onecity.kernel.cases.models.text_model import TextModel
from onecity.kernel.cases.models.unit import Unit, UnitState

__all__ = [
    "AppKey",
    "Attachment",
    "Case",
    "CaseEvent",
    "CaseType",
    "CaseTypeDraft",
    "DraftState",
    "DuplicateCursor",
    "DuplicatePair",
    "Duty",
    "ErasedFile",
    "FieldAct",
    "FieldPhoto",
    "HandOver",
    "HandedCase",
    "Hold",
    "ImportMapping",
    "Merge",
    "NamePolicy",
    "PairState",
    "Participant",
    "ParticipantState",
    "Rating",
    "Release",
    "Reporter",
    "Rounds",
    "RoundsState",
    "SavedFilter",
    "ScoreFormula",
    "SuggestionChosen",
    "SuggestionShown",
    "TextModel",
    "Unit",
    "UnitState",
]
