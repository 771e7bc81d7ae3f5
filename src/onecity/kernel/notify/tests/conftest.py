"""A mail server to which the tests' messages leave through a socket."""

from collections.abc import Iterator

import pytest

from onecity.kernel.notify.tests.mail_server import MailServer, serving


@pytest.fixture
def mail_server(settings: object) -> Iterator[MailServer]:
    with serving() as mail:
        for name, value in {
            # the test runner puts mail into memory; here it must leave through a socket
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend", "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": mail.port, "DEFAULT_FROM_EMAIL": "onecity@district.example",
            "ONECITY_BASE_URL": "https://city.example",
        }.items():  # fmt: skip
            setattr(settings, name, value)
        yield mail
