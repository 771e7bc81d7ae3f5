"""OneCity as the place where other systems sign in (OpenID Connect): what a client may ask and what it is told."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from allauth.idp.oidc.models import Client
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people import client_sessions, mandates, service, strength
from onecity.kernel.people.models import Account

SCOPES = ("openid", "profile", "email", "assurance", "roles", "mandates")
CLAIMS = ["sub", "name", "preferred_username", "email", "locale", "assurance_level", "roles", "mandates", "acr", "amr",
    "auth_time", "sid"]  # fmt: skip
API_SCOPE = "api"  # a token with it opens our own API as the account that granted it

BACKCHANNEL = "backchannel_logout_uri"

# what a registered system may use; nothing else is advertised
GRANTS = (Client.GrantType.AUTHORIZATION_CODE, Client.GrantType.REFRESH_TOKEN)
RESPONSES = (Client.ResponseType.CODE,)


class CityOIDCAdapter(DefaultOIDCAdapter):  # type: ignore[misc] # the sign-in library ships no types
    """Adds to the standard claims how surely a person is known and which roles are held in which division."""

    scope_display = DefaultOIDCAdapter.scope_display | {
        "assurance": _("See how your identity was checked"),
        "roles": _("See your roles and their divisions"),
        "mandates": _("See for whom you may act"),
        API_SCOPE: _("Act in OneCity on your behalf"),
    }

    def get_issuer(self) -> str:
        """The platform's public address, whatever name the request used."""
        return str(settings.ONECITY_BASE_URL).rstrip("/")

    def get_claims(
        self,
        purpose: Literal["id_token", "userinfo"],
        user: Account,
        client: Client,
        scopes: Iterable[str],
        email: str | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """The claims for an ID token or for userinfo; roles only in userinfo, where they are always current."""
        granted = set(scopes)
        claims: dict[str, Any] = super().get_claims(purpose, user, client, granted, email=email, **kwargs)
        if "profile" in granted:
            claims["locale"] = user.language
        if "assurance" in granted:
            claims["assurance_level"] = user.assurance_level
        if "roles" in granted and purpose == "userinfo":
            claims["roles"] = roles_claim(user)
        if "mandates" in granted and purpose == "userinfo":
            claims["mandates"] = mandates_claim(user)
        if purpose == "id_token":
            claims |= client_sessions.claims_of_code(client)
        return claims

    def populate_server_metadata(self, data: dict[str, Any]) -> None:
        """Name our own scopes and claims in the discovery document, and only the grants that a client here can have."""
        data["grant_types_supported"] = [str(grant) for grant in GRANTS]
        data["response_types_supported"] = [str(response) for response in RESPONSES]
        data["response_modes_supported"] = ["query"]
        data.pop("device_authorization_endpoint", None)
        data["scopes_supported"] = [*SCOPES, API_SCOPE]
        data["acr_values_supported"] = list(strength.ACR_VALUES)
        data["backchannel_logout_supported"] = True
        data["backchannel_logout_session_supported"] = True
        data["claims_supported"] = CLAIMS


def roles_claim(account: Account) -> list[dict[str, str]]:
    """The roles held now, each with the division path it reaches from (empty: everywhere)."""
    held = service.current_assignments(account).select_related("role").order_by("role__name", "division_path")
    return [{"role": a.role.name, "title": a.role.title, "division": a.division_path} for a in held]


def mandates_claim(account: Account) -> list[dict[str, Any]]:
    """For whom the account may act now, by which right, and for which services (none named: all)."""
    return [
        {
            "party": str(space.identity.id),
            "name": space.identity.name,
            "kind": space.identity.kind,
            "right": space.kind,
            "services": list(space.services),
        }
        for space in mandates.spaces(account.id)
        if space.mandate_id is not None
    ]


def backchannel_address(client: Client) -> str:
    """Where a system wants to be told that a sign-in ended (Back-Channel Logout 1.0); empty where nowhere."""
    data = client.data if isinstance(client.data, dict) else {}
    return str(data.get("client_metadata", {}).get(BACKCHANNEL, ""))


def register_client(
    name: str,
    redirect_uris: Sequence[str],
    *,
    scopes: Sequence[str] = SCOPES,
    public: bool = False,
    trusted: bool = False,
    after_logout: Sequence[str] = (),
    backchannel_logout: str = "",
) -> tuple[str, str]:
    """Register a system that signs in here; returns its id and its secret, which is shown only now.

    `public`: an app that keeps no secret (PKCE stands in for it). `trusted`: the city's own, nobody is asked for consent.
    `after_logout`: where its users may return to after signing out; `backchannel_logout`: where it is told of that itself.
    Raises a problem (422) for an address that is not an absolute URL or has a wildcard.
    """
    for uri in (*redirect_uris, *after_logout, *([backchannel_logout] if backchannel_logout else [])):
        _check_redirect(uri)
    secret = CityOIDCAdapter().generate_client_secret()
    client = Client(
        name=name,
        type=Client.Type.PUBLIC if public else Client.Type.CONFIDENTIAL,
        skip_consent=trusted,
    )
    client.set_scopes(list(scopes))
    client.set_default_scopes(["openid"])
    client.set_redirect_uris(list(redirect_uris))
    client.set_grant_types(list(GRANTS))
    client.set_response_types(list(RESPONSES))
    client.data = {"client_metadata": {BACKCHANNEL: backchannel_logout}} if backchannel_logout else None
    if after_logout:
        client.set_post_logout_redirect_uris(list(after_logout))
    client.set_secret(secret)
    client.save()
    return client.id, "" if public else secret


def _check_redirect(uri: str) -> None:
    try:
        URLValidator(schemes=["https", "http"])(uri)
    except ValidationError as error:
        wrong = FieldError("redirect_uris", _("“%(uri)s” is not an absolute web address.") % {"uri": uri})
        raise Problem("invalid-client", _("The system was not registered."), status=422, errors=[wrong]) from error
    if "*" in uri:
        wrong = FieldError("redirect_uris", _("Write each address in full: “*” would let others receive the sign-in."))
        raise Problem("invalid-client", _("The system was not registered."), status=422, errors=[wrong])
