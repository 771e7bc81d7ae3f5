"""Addresses of whoever takes calls."""

from django.urls import path

from onecity.kernel.cases.intake.operator import views

urlpatterns = [
    path("desk/intake", views.take, name="intake"),
    path("desk/cases/<uuid:case_id>/reporter", views.reporter, name="reporter"),
]
