"""Addresses of keeping and erasing."""

from django.urls import path

from onecity.kernel.cases.keeping import views

urlpatterns = [
    path("desk/keeping", views.index, name="keeping"),
    path("desk/keeping/hold", views.hold, name="keeping_hold"),
    path("desk/keeping/<uuid:hold_id>/lift", views.lift, name="keeping_lift"),
]
