"""Of whom the installation asks to sign in by two steps.

ONECITY_REQUIRE_MFA says it: `none`, `admins` (whoever administers accounts, duties, devices or records), or `staff`
(whoever holds any role). Where it is not set: `admins` in production, `none` in a demonstration.
"""

import os
from typing import Literal

from django.conf import settings

Asked = Literal["none", "admins", "staff"]
CHOICES: tuple[Asked, ...] = ("none", "admins", "staff")


def asked_of() -> Asked:
    """Of whom a second factor is asked; raises ValueError for a setting that is none of the choices."""
    text = os.environ.get("ONECITY_REQUIRE_MFA", "").strip() or ("none" if settings.ONECITY_DEMO else "admins")
    for choice in CHOICES:
        if text == choice:
            return choice
    raise ValueError(f"ONECITY_REQUIRE_MFA must be one of {', '.join(CHOICES)}, not {text!r}")
