"""Addresses of the administration at the desk."""

from django.urls import path

from onecity.kernel.access import sign_in
from onecity.kernel.access.views import audit, identity, people, second_factor

# every web process reads this list before its first request: from here on nothing of a sign-in goes unnoted
sign_in.connect()

app_name = "access"
urlpatterns = [
    path("accounts/second-factor", second_factor.show, name="second_factor"),
    path("accounts/identity", identity.confirm, name="my_identity"),
    path("accounts/mandates", identity.appoint, name="appoint"),
    path("accounts/mandates/<uuid:mandate_id>/accept", identity.accept, name="accept"),
    path("accounts/mandates/<uuid:mandate_id>/end", identity.end, name="end_mandate"),
    path("desk/people", people.index, name="people"),
    path("desk/people/new", people.create, name="account_new"),
    path("desk/people/<uuid:account_id>", people.account, name="account"),
    path("desk/people/<uuid:account_id>/roles", people.assign, name="assign"),
    path("desk/people/<uuid:account_id>/roles/<uuid:assignment_id>/end", people.end, name="end"),
    path("desk/people/<uuid:account_id>/active", people.set_active, name="set_active"),
    path("desk/audit", audit.index, name="audit"),
]
