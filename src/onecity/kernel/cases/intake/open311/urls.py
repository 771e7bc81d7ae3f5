"""Addresses of Open311 and of the page that makes keys for it."""

from django.urls import path, re_path

from onecity.kernel.cases.intake.open311 import pages, views

# the ending that names the format, in capital or small letters
SUFFIX = r"(?P<suffix>(\.\w+)?)\Z"

urlpatterns = [
    re_path(rf"^open311/(v2/)?discovery{SUFFIX}", views.discovery, name="open311"),
    re_path(rf"^open311/v2/services{SUFFIX}", views.service_list, name="open311_services"),
    re_path(rf"^open311/v2/services/(?P<code>[\w-]+){SUFFIX}", views.service, name="open311_service"),
    re_path(rf"^open311/v2/requests{SUFFIX}", views.requests, name="open311_requests"),
    re_path(rf"^open311/v2/requests/(?P<number>[\w-]+){SUFFIX}", views.one_request, name="open311_request"),
    re_path(rf"^open311/v2/tokens/(?P<given>[\w-]+){SUFFIX}", views.token, name="open311_token"),
    path("desk/keys", pages.keys_page, name="keys"),
    path("desk/keys/<uuid:key_id>/revoke", pages.revoke, name="revoke_key"),
]
