"""Addresses of one's own account; the sign-in library's pages stand beside it."""

from django.urls import path

from onecity.kernel.people import views

app_name = "people"
urlpatterns = [path("accounts/", views.my_account, name="my_account")]
