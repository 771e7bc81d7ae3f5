"""Addresses of what leaders see."""

from django.urls import path

from onecity.kernel.cases.scoring import views

urlpatterns = [
    path("desk/scores", views.show, name="scores"),
    path("desk/scores/cases", views.behind, name="scores_behind"),
]
