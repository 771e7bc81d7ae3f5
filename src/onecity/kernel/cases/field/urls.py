"""Addresses of the inspector's phone."""

from django.urls import path

from onecity.kernel.cases.field import views

urlpatterns = [
    path("field", views.show, name="field"),
    path("field/worker.js", views.worker, name="field_worker"),
    path("field/manifest.webmanifest", views.manifest, name="field_manifest"),
    path("field/work", views.work, name="field_work"),
    path("field/acts", views.acts, name="field_acts"),
    path("field/tiles/<int:x>/<int:y>", views.tile, name="field_tile"),
    path("field/photos", views.photo, name="field_photo"),
    path("field/photos/<uuid:key>/<int:offset>", views.photo_piece, name="field_photo_piece"),
    path("field/photos/<uuid:key>/finish", views.photo_finish, name="field_photo_finish"),
    path("field/photos/<uuid:key>/forget", views.photo_forget, name="field_photo_forget"),
]
