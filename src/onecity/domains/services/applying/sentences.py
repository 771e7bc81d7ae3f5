"""What the platform says of applications: titles of their cases, and messages to whoever applied."""

from typing import Final

from onecity.kernel.cases.wording import Sentence, declare
from onecity.kernel.notify import words

APPLICATION: Final = declare("services.application", Sentence("%(item)s", "%(party)s"))
DECIDED: Final = "service_decided"
ASKED: Final = "service_asked"
ENTITLED: Final = "service_entitled"
FREED: Final = "service_appointment_missed"

words.declare(
    DECIDED,
    {
        "zh": {"subject": "“{item}”已有结果：{state}", "body": "您申请的“{item}”（办件编号 {number}）：{state}。{why}"},
        "en": {"subject": "“{item}”: {state}", "body": "Your application “{item}” (number {number}): {state}. {why}"},
    },
)
words.declare(
    ASKED,
    {
        "zh": {"subject": "“{item}”需要补正", "body": "您申请的“{item}”（办件编号 {number}）还需要：{note}"},
        "en": {"subject": "“{item}”: something is still needed", "body": "Number {number}, still needed: {note}"},
    },
)
words.declare(
    ENTITLED,
    {
        "zh": {
            "subject": "您可以享受“{item}”，只需确认",
            "body": "根据已有登记信息，您符合“{item}”的条件，无需申请，确认即可享受。",
        },
        "en": {
            "subject": "You are entitled to “{item}”",
            "body": "As the registers say, “{item}” is yours. Confirm, and it is done.",
        },
    },
)
words.declare(
    FREED,
    {
        "zh": {
            "subject": "预约已过时，名额已释放",
            "body": "您预约的{place}（{begins}）未到场，名额已释放，可重新预约。",
        },
        "en": {
            "subject": "Your appointment has passed",
            "body": "{place}, {begins}: the place was given free. You can book another.",
        },
    },
)
