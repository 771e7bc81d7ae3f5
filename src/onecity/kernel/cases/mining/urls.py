"""Addresses of the bottlenecks."""

from django.urls import path

from onecity.kernel.cases.mining import views

urlpatterns = [path("desk/bottlenecks", views.show, name="bottlenecks")]
