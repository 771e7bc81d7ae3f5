"""Address of the policy of names."""

from django.urls import path

from onecity.kernel.cases.naming import views

urlpatterns = [path("desk/names", views.show, name="names")]
