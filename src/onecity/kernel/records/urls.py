"""Addresses of certificates, seals and the archive."""

from django.urls import URLPattern, URLResolver

from onecity.kernel.records.archive.urls import urlpatterns as archive
from onecity.kernel.records.certificates.urls import urlpatterns as certificates

app_name = "records"
urlpatterns: list[URLPattern | URLResolver] = [*archive, *certificates]
