"""Puts what comes with the domain into the database; run after the declarations, a second run changes nothing."""

from onecity.domains.services.items import shipped


def run() -> list[str]:
    """Publish the shipped catalogue of services; returns what was written."""
    return shipped.install()
