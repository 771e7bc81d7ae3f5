"""Whoever verifies is told the truth: valid, out of force, altered, signed by somebody else, forged, or unknown."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping

import pytest
from django.db import connection
from jwcrypto.jwk import JWK
from sd_jwt.holder import SDJWTHolder
from sd_jwt.verifier import SDJWTVerifier

from onecity.kernel.core.clock import FixedClock, use_clock
from onecity.kernel.records.certificates import holding, issuing, publishing, states, verifying
from onecity.kernel.records.certificates.logic import sdjwt, statuslist
from onecity.kernel.records.certificates.signing import token_of
from onecity.kernel.records.certificates.tests.conftest import IDENTITY, Ask
from onecity.kernel.records.certificates.verifying import Asked
from onecity.kernel.records.keys import store
from onecity.kernel.records.keys.es256 import SoftwareKey
from onecity.kernel.records.models import Certificate, IssuerKey

pytestmark = pytest.mark.django_db
DAY = dt.datetime(2026, 6, 1, 4, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def clock() -> Iterator[FixedClock]:
    with use_clock(FixedClock(DAY)) as fixed:
        yield fixed


@pytest.fixture
def made(ask: Ask) -> Certificate:
    return issuing.issue(ask(), issued_by=None)


def resigned(token: str, key: SoftwareKey, header: Mapping[str, object] | None = None, **payload: object) -> str:
    """The token with other claims or header, signed by `key`."""
    parsed = sdjwt.parse(token)
    data = sdjwt.signing_input(header or parsed.header, parsed.payload | payload)
    return sdjwt.combine(f"{data}.{sdjwt.encode(key.sign(data.encode()))}", parsed.disclosures)


def test_a_valid_certificate_verifies_by_number_and_by_token(made: Certificate) -> None:
    by_number = verifying.verify_number(made.number)
    assert by_number.state == "valid"
    assert [step.step for step in by_number.reasons] == ["number", "register", "status", "period"]
    assert by_number.shown is not None
    assert by_number.shown.holder == "林**"
    assert [value for _title, value in by_number.shown.claims] == ["和平镇"]
    by_token = verifying.verify_token(token_of(made))
    assert by_token.state == "valid"
    assert by_token.shown is not None
    assert by_token.shown.holder == "林小雨"
    assert IDENTITY in [value for _title, value in by_token.shown.claims]


def test_an_independent_implementation_accepts_it_and_sees_only_what_is_shown(made: Certificate) -> None:
    keys = {key["kid"]: key for key in publishing.issuer_metadata()["jwks"]["keys"]}

    def issuer_key(_issuer: str, header: dict[str, str]) -> JWK:
        return JWK(**keys[header["kid"]])

    verified = SDJWTVerifier(token_of(made), issuer_key).get_verified_payload()
    assert verified["birthday"] == "1990-03-07"
    assert verified["jti"] == made.number
    holder = SDJWTHolder(token_of(made))
    holder.create_presentation({"age_over_18": True})
    theirs = SDJWTVerifier(holder.sd_jwt_presentation, issuer_key).get_verified_payload()
    ours = holding.present(made, ["age_over_18"])
    assert SDJWTVerifier(ours, issuer_key).get_verified_payload() == theirs
    assert theirs["age_over_18"] is True
    assert not {"birthday", "name", "identity", "age_over_60"} & set(theirs)
    assert "1990-03" not in json.dumps(theirs)
    shown = verifying.verify_token(holder.sd_jwt_presentation).shown
    assert shown is not None
    assert [(title.en, value) for title, value in shown.claims] == [
        ("Town", "和平镇"),
        ("Has reached the age of 18", True),
    ]


def test_a_key_bound_presentation_of_the_independent_implementation(ask: Ask) -> None:
    mine, other = JWK.generate(kty="EC", crv="P-256"), JWK.generate(kty="EC", crv="P-256")
    made = issuing.issue(ask(holder_key=json.loads(mine.export_public())), issued_by=None)
    asked = Asked("https://shop.example", "n-1")

    def shows(key: JWK, nonce: str = "n-1") -> str:
        holder = SDJWTHolder(token_of(made))
        holder.create_presentation({"age_over_18": True}, nonce, asked.audience, key, "ES256")
        return str(holder.sd_jwt_presentation)

    moment = dt.datetime.now(dt.UTC)
    with use_clock(FixedClock(moment)):
        assert verifying.verify_token(shows(mine), asked).state == "valid"
        for wrong in (shows(other), shows(mine, "n-0"), token_of(made)):
            verdict = verifying.verify_token(wrong, asked)
            assert (verdict.state, verdict.reasons[-1].step) == ("forged", "holder")
        # a disclosure added afterwards is not what the holder signed
        extended = shows(mine).split("~")
        extended.insert(1, next(d for d in sdjwt.parse(token_of(made)).disclosures if d not in extended))
        assert verifying.verify_token("~".join(extended), asked).state == "forged"
    with use_clock(FixedClock(moment + dt.timedelta(hours=1))):
        assert verifying.verify_token(shows(mine), asked).state == "forged"


def test_every_altered_character_is_found(made: Certificate) -> None:
    token = holding.present(made, ["age_over_18"])
    for place in range(0, len(token), 5):
        other = "A" if token[place] != "A" else "B"
        verdict = verifying.verify_token(token[:place] + other + token[place + 1 :])
        assert not verdict.valid, place
        assert verdict.reasons[-1].ok is False


def test_a_claim_from_another_certificate_does_not_fit(made: Certificate, ask: Ask) -> None:
    other = sdjwt.parse(holding.present(issuing.issue(ask(), issued_by=None), ["age_over_18"])).disclosures[0]
    verdict = verifying.verify_token(sdjwt.combine(made.signed, [other]))
    assert (verdict.state, verdict.reasons[-1].step) == ("altered", "disclosures")


def test_content_changed_under_the_old_signature_is_altered(made: Certificate) -> None:
    header, payload, signature = made.signed.split(".")
    changed = json.loads(sdjwt.decode(payload)) | {"exp": 9_999_999_999}
    token = f"{header}.{sdjwt.encode(json.dumps(changed).encode())}.{signature}~"
    assert verifying.verify_token(token).state == "altered"


def test_signed_again_by_somebody_else(made: Certificate) -> None:
    stranger = SoftwareKey.make()
    same_kid = resigned(token_of(made), stranger)
    assert verifying.verify_token(same_kid).state == "resigned"
    own_kid = {"alg": "ES256", "typ": sdjwt.TYPE, "kid": stranger.kid}
    verdict = verifying.verify_token(resigned(token_of(made), stranger, own_kid))
    assert (verdict.state, verdict.reasons[-1].step) == ("resigned", "key")


def test_a_forgery_of_a_number_that_was_never_given(made: Certificate) -> None:
    stranger = SoftwareKey.make()
    number = "1.2.156.3005.2.11990000MA0000001K003.11990000MA0000002N.A.010.G"
    unknown_kid = {"alg": "ES256", "typ": sdjwt.TYPE, "kid": stranger.kid}
    for header in (None, unknown_kid):
        assert verifying.verify_token(resigned(token_of(made), stranger, header, jti=number)).state == "forged"


@pytest.mark.parametrize(
    "header", [{"alg": "none", "typ": sdjwt.TYPE}, {"alg": "HS256", "typ": sdjwt.TYPE}, {"alg": "ES256", "typ": "JWT"}]
)
def test_other_algorithms_and_types_are_refused(made: Certificate, header: dict[str, object]) -> None:
    key = store.current()
    whole = header | {"kid": key.kid}
    data = sdjwt.signing_input(whole, sdjwt.parse(token_of(made)).payload)
    for signature in (b"", key.sign(data.encode())):
        verdict = verifying.verify_token(f"{data}.{sdjwt.encode(signature)}~")
        assert (verdict.state, verdict.reasons[-1].step) == ("forged", "algorithm")


@pytest.mark.parametrize("token", ["", "x", "x" * 100_000, "\0", "a.b.c~d~", "eyJhbGciOiJub25lIn0.e30.~"])
def test_what_is_no_certificate_is_said_to_be_none(made: Certificate, token: str) -> None:
    assert verifying.verify_token(token).state in {"unknown", "forged"}
    assert verifying.verify_number(token).state == "unknown"


def test_a_number_that_nobody_has(made: Certificate) -> None:
    verdict = verifying.verify_number("1.2.156.3005.2.11990000MA0000001K003.11990000MA0000002N.A.010.G")
    assert (verdict.state, verdict.reasons[-1].step, verdict.shown) == ("unknown", "register", None)


def test_suspended_resumed_revoked_and_the_list_says_so(made: Certificate) -> None:
    def listed() -> int:
        payload = sdjwt.take_apart(publishing.status_list(made.status_list))[1]
        return statuslist.get(statuslist.read(payload["status_list"])[0], made.status_index)

    assert listed() == statuslist.VALID
    states.suspend(made.id, None, "Lost")
    assert (verifying.verify_number(made.number).state, listed()) == ("suspended", statuslist.SUSPENDED)
    states.resume(made.id, None, "Found")
    assert (verifying.verify_token(token_of(made)).state, listed()) == ("valid", statuslist.VALID)
    states.revoke(made.id, None, "Fraud")
    assert (verifying.verify_token(token_of(made)).state, listed()) == ("revoked", statuslist.INVALID)


def test_expired_and_not_yet(ask: Ask, clock: FixedClock) -> None:
    made = issuing.issue(ask(valid_from=dt.date(2026, 7, 1), valid_until=dt.date(2026, 7, 31)), issued_by=None)
    found = []
    for day in ("2026-06-30", "2026-07-01", "2026-07-31", "2026-08-01"):
        clock.set(dt.datetime.fromisoformat(f"{day}T12:00:00+08:00"))
        found.append((verifying.verify_number(made.number).state, verifying.verify_token(token_of(made)).state))
    assert found == [("not_yet",) * 2, ("valid",) * 2, ("valid",) * 2, ("expired",) * 2]


def test_a_replaced_key_still_counts_a_stolen_one_does_not(made: Certificate, ask: Ask) -> None:
    old = made.kid
    new = store.rotate()
    after = issuing.issue(ask(), issued_by=None)
    assert (after.kid, old != new.kid) == (new.kid, True)
    assert {key["kid"] for key in publishing.issuer_metadata()["jwks"]["keys"]} == {old, new.kid}
    assert verifying.verify_token(token_of(made)).state == "valid"
    thief = store._private(old)
    store.withdraw(old)
    assert verifying.verify_token(token_of(made)).state == "revoked"
    assert verifying.verify_number(made.number).state == "revoked"
    assert verifying.verify_token(resigned(token_of(made), thief, exp=9_999_999_999)).state == "forged"
    assert verifying.verify_token(token_of(after)).state == "valid"
    assert {key["kid"] for key in publishing.issuer_metadata()["jwks"]["keys"]} == {new.kid}


def test_a_register_changed_behind_our_back_is_seen(made: Certificate, ask: Ask) -> None:
    other = issuing.issue(ask(), issued_by=None)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE records_certificate DISABLE TRIGGER records_certificate_moves")
        cursor.execute("UPDATE records_certificate SET signed = %s WHERE id = %s", [other.signed, made.id])
        cursor.execute("ALTER TABLE records_certificate ENABLE TRIGGER records_certificate_moves")
    assert verifying.verify_number(made.number).state == "altered"


def test_anybody_may_verify_and_nobody_may_browse(made: Certificate, app_role: None) -> None:
    assert Certificate.objects.count() == 0
    assert verifying.verify_number(made.number).state == "valid"
    assert verifying.verify_token(token_of(made)).state == "valid"
    assert Certificate.objects.count() == 0
    assert IssuerKey.objects.count() == 1
