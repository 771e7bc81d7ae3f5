"""Addresses of what leaders see."""

from django.urls import path

from onecity.kernel.cases.scoring import formula_views, views

urlpatterns = [
    path("desk/scores", views.show, name="scores"),
    path("desk/scores/cases", views.behind, name="scores_behind"),
    path("desk/scores/formulas", formula_views.index, name="formulas"),
    path("desk/scores/formulas/begin", formula_views.begin, name="formula_begin"),
    path("desk/scores/formulas/<uuid:draft_id>", formula_views.draft, name="formula"),
]
