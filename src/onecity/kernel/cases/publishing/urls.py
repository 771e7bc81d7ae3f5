"""Addresses of what is public of cases."""

from django.urls import path

from onecity.kernel.cases.publishing import views

urlpatterns = [
    path("nearby", views.nearby, name="nearby"),
    path("nearby/points", views.points, name="nearby_points"),
    path("nearby/<str:number>", views.one, name="nearby_case"),
    path("nearby/<str:number>/photos/<uuid:attachment_id>", views.photo, name="nearby_photo"),
    path("desk/cases/<uuid:case_id>/publish", views.publish, name="publish"),
]
