"""Addresses of applying."""

from django.urls import path

from onecity.domains.services.applying.views import appointments, counter, data, drafts, handover, holding, mine

app_name = "applying"
urlpatterns = [
    path("apply/things/<str:code>", drafts.start, {"bundle": True}, name="start_bundle"),
    path("apply/<str:code>", drafts.start, name="start"),
    path("apply/draft/<uuid:draft_id>", drafts.step, name="draft"),
    path("apply/draft/<uuid:draft_id>/drop", drafts.drop, name="drop"),
    path("apply/draft/<uuid:draft_id>/files/<str:sha256>", drafts.file, name="draft_file"),
    path("apply/draft/<uuid:draft_id>/<str:key>", drafts.step, name="step"),
    path("my", mine.mine, name="mine"),
    path("my/applications/<str:number>", mine.followed, name="followed"),
    path("my/applications/<str:number>/post", handover.post, name="post"),
    path("my/pay/<uuid:application_id>/sandbox", handover.sandbox, name="pay_sandbox"),
    path("my/applications/<str:number>/<str:what>", mine.act, name="act"),
    path("my/offers/<uuid:entitlement_id>/<str:what>", mine.entitlement, name="entitlement"),
    path("my/certificates", holding.index, name="certificates"),
    path("my/certificates/<uuid:certificate_id>", holding.show, name="certificate"),
    path("my/appointments", appointments.index, name="appointments"),
    path("my/appointments/<uuid:appointment_id>/cancel", appointments.cancel, name="cancel"),
    path("my/data", data.index, name="data"),
    path("desk/counter", counter.index, name="counter"),
    path("desk/applications/<uuid:application_id>", counter.application, name="application"),
    path("desk/items/tables/<uuid:version_id>/simulation", counter.simulation, name="simulation"),
]
