"""The address of the page for tables of cases."""

from django.urls import path

from onecity.kernel.cases.intake.importing import views

urlpatterns = [path("desk/cases/import", views.importing, name="import")]
