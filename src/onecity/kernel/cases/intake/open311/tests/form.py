"""A form with an answer of every kind, for the tests of Open311."""

from onecity.kernel.cases.logic.provisions import Form

FORM = Form(
    schema={
        "type": "object",
        "properties": {
            "kinds": {"type": "array", "items": {"enum": ["bulky", "green"]}},
            "amount": {"type": "string", "enum": ["bag", "heap"]},
            "bags": {"type": "integer", "minimum": 1},
            "since": {"type": "string", "format": "date"},
            "blocks": {"type": "boolean"},
            "more": {"type": "string", "maxLength": 500},
        },
        "required": ["amount"],
        "additionalProperties": False,
    },
    ui={
        "order": ["amount"],
        "fields": {
            "amount": {
                "title": {"zh": "有多少", "en": "How much"},
                "help": {"en": "About"},
                "choices": {"bag": {"zh": "几袋", "en": "A few bags"}},
            }
        },
    },
)
