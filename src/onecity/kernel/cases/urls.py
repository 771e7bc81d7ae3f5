"""Addresses of cases at the desk."""

from django.urls import path

from onecity.kernel.cases.dispatching.urls import urlpatterns as dispatching
from onecity.kernel.cases.field.urls import urlpatterns as field
from onecity.kernel.cases.heat.urls import urlpatterns as heat
from onecity.kernel.cases.intake.importing.urls import urlpatterns as importing
from onecity.kernel.cases.intake.open311.urls import urlpatterns as open311
from onecity.kernel.cases.intake.operator.urls import urlpatterns as operator
from onecity.kernel.cases.intake.resident.urls import urlpatterns as resident
from onecity.kernel.cases.keeping.urls import urlpatterns as keeping
from onecity.kernel.cases.kinds.urls import urlpatterns as kinds
from onecity.kernel.cases.mining.urls import urlpatterns as mining
from onecity.kernel.cases.naming.urls import urlpatterns as naming
from onecity.kernel.cases.publishing.urls import urlpatterns as publishing
from onecity.kernel.cases.scoring.urls import urlpatterns as scoring
from onecity.kernel.cases.shifts.urls import urlpatterns as shifts
from onecity.kernel.cases.views import detail, duplicates, files, lists, many, opening, saved, topics

app_name = "cases"
urlpatterns = [
    path("desk/cases", lists.index, name="index"),
    path("desk/cases/filters", saved.keep, name="filter_keep"),
    path("desk/cases/filters/<uuid:filter_id>/remove", saved.forget, name="filter_forget"),
    path("desk/cases/points", lists.points, name="points"),
    path("desk/cases/duplicates", duplicates.queue, name="duplicates"),
    path("desk/cases/<uuid:case_id>/duplicates", duplicates.decide, name="duplicate"),
    path("desk/topics", topics.show, name="topics"),
    path("desk/cases/many", many.act, name="many"),
    path("desk/cases/new", opening.create, name="new"),
    path("desk/cases/<uuid:case_id>", detail.show, name="show"),
    path("desk/cases/<uuid:case_id>/act", detail.act, name="act"),
    path("desk/cases/<uuid:case_id>/files/<uuid:attachment_id>", files.attachment, name="file"),
    path("desk/cases/<uuid:case_id>/files/<uuid:attachment_id>/original", files.original, name="original"),
    *kinds,
    *keeping,
    *naming,
    *publishing,
    *scoring,
    *mining,
    *heat,
    *dispatching,
    *shifts,
    *resident,
    *importing,
    *open311,
    *operator,
    *field,
]
