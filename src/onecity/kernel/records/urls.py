"""Addresses of certificates, seals and the archive."""

from django.urls import URLPattern, URLResolver

from onecity.kernel.records.archive.urls import urlpatterns as archive
from onecity.kernel.records.certificates.urls import urlpatterns as certificates
from onecity.kernel.records.seals.urls import urlpatterns as seals

app_name = "records"
urlpatterns: list[URLPattern | URLResolver] = [*archive, *certificates, *seals]
