"""Addresses of the inbox."""

from django.urls import path
from django.views.generic import RedirectView

from onecity.kernel.notify import views
from onecity.kernel.people.doors import public

app_name = "notify"
urlpatterns = [
    path("desk/inbox", views.index, name="inbox"),
    path("desk/inbox/read", views.read_all, name="read_all"),
    path("desk/inbox/<uuid:message_id>", views.open_message, name="open"),
    path("inbox", public(RedirectView.as_view(pattern_name="notify:inbox", query_string=True)), name="inbox_short"),
]
