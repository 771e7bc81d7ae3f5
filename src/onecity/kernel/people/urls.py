"""Addresses of one's own account; the sign-in library's pages stand beside it, two of them answered by ours first."""

from django.urls import path

from onecity.kernel.people.views import account, oidc

urlpatterns = [
    path("accounts/", account.my_account, name="my_account"),
    path("identity/o/authorize", oidc.authorization, name="oidc_authorize"),
    path("identity/o/logout", oidc.logout, name="oidc_logout"),
]
