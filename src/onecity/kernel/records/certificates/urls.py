"""Addresses of certificates."""

from django.urls import URLPattern, path

from onecity.kernel.records.certificates.pages import desk, holder, public

urlpatterns: list[URLPattern] = [
    path("verify", public.verify, name="verify"),
    path(".well-known/jwt-vc-issuer", public.issuer, name="issuer"),
    path("certificates/types/<slug:code>/<int:version>", public.type_metadata, name="type"),
    path("certificates/status/<int:number>", public.status_list, name="status_list"),
    path("certificates/root.pem", public.root_certificate, name="root"),
    path("certificates/<uuid:certificate_id>", holder.certificate, name="certificate"),
    path("certificates/<uuid:certificate_id>/pdf", holder.pdf, name="certificate_pdf"),
    path("certificates/<uuid:certificate_id>/token", holder.token, name="certificate_token"),
    path("certificates/<uuid:certificate_id>/copies", holder.copy, name="certificate_copy"),
    path("certificates/copies/<uuid:copy_id>", holder.open_copy, name="copy"),
    path("desk/certificates", desk.certificates, name="desk_certificates"),
    path("desk/certificates/<uuid:certificate_id>", desk.certificate, name="desk_certificate"),
    path("desk/certificates/<uuid:certificate_id>/act", desk.act, name="desk_certificate_act"),
    path("desk/certificates/<uuid:certificate_id>/reveal", desk.reveal, name="desk_certificate_reveal"),
]
