"""Certificates, seals and archived cases: verified by everybody, read by their holders and by those in charge."""

from ninja import Router

router = Router(tags=["records"])
