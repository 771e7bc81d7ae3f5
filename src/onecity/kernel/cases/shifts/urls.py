"""Addresses of the roster and of hand-overs."""

from django.urls import path

from onecity.kernel.cases.shifts import views

urlpatterns = [
    path("desk/shifts", views.index, name="shifts"),
    path("desk/shifts/<uuid:duty_id>/remove", views.remove, name="duty_remove"),
    path("desk/shifts/hand-over", views.hand_over, name="shift_hand_over"),
    path("desk/shifts/hand-over/<uuid:hand_over_id>", views.handed_over, name="handed_over"),
    path("desk/shifts/hand-over/<uuid:hand_over_id>/undo", views.undo, name="hand_over_undo"),
]
