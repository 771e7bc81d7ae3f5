"""Addresses of the residents' pages of cases."""

from django.urls import path

from onecity.kernel.cases.intake.resident import views

urlpatterns = [
    path("report", views.report, name="report"),
    path("report/find", views.find, name="find"),
    path("report/mine", views.mine, name="reported"),
    path("report/kinds", views.suggest, name="kinds_for"),
    path("report/<str:number>", views.follow, name="followed"),
    path("report/<str:number>/say", views.say, name="say"),
    path("report/<str:number>/rate", views.rate, name="rate"),
    path("report/<str:number>/photos/<uuid:attachment_id>", views.photo, name="followed_photo"),
]
