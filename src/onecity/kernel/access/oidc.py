"""What other systems are told about an account, read as that account: behind its own wall, nobody else's rows are seen."""

from collections.abc import Iterable
from typing import Any, Literal

from allauth.idp.oidc.models import Client

from onecity.kernel.access.session import acting_as
from onecity.kernel.people.models import Account
from onecity.kernel.people.oidc import CityOIDCAdapter


class WalledOIDCAdapter(CityOIDCAdapter):
    """The adapter that the platform runs with; its callers (token, userinfo) come without anybody being signed in."""

    def get_claims(
        self,
        purpose: Literal["id_token", "userinfo"],
        user: Account,
        client: Client,
        scopes: Iterable[str],
        email: str | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """The claims as CityOIDCAdapter has them."""
        with acting_as(user.id):
            return super().get_claims(purpose, user, client, scopes, email=email, **kwargs)
