"""Addresses of seals: at the desk, and the page on which everybody checks one."""

from django.urls import URLPattern, URLResolver, path

from onecity.kernel.records.seals.pages import checking, holder, using, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("certificates/<uuid:certificate_id>/ofd", holder.ofd, name="certificate_ofd"),
    path("verify/seal", checking.check, name="seal_check"),
    path("desk/seals", views.index, name="seals"),
    path("desk/seals/new", views.create, name="seal_new"),
    path("desk/seals/requests", using.requests, name="seal_requests"),
    path("desk/seals/requests/<uuid:request_id>", using.decide, name="seal_decide"),
    path("desk/seals/<uuid:seal_id>", views.show, name="seal"),
    path("desk/seals/<uuid:seal_id>/picture.png", views.picture, name="seal_picture"),
    path("desk/seals/<uuid:seal_id>/use", using.use, name="seal_use"),
    path("desk/seals/<uuid:seal_id>/state", views.move, name="seal_move"),
    path("desk/seals/<uuid:seal_id>/leaves", views.allow, name="seal_allow"),
    path("desk/seals/<uuid:seal_id>/leaves/<uuid:grant_id>/end", views.withdraw, name="seal_withdraw"),
]
