"""Addresses of the terminals: their screen, their program, and the desk that looks after them."""

from django.urls import path

from onecity.domains.services.kiosk.views import agent, desk, pages

app_name = "kiosk"
urlpatterns = [
    path("kiosk", pages.home, name="home"),
    path("kiosk/enrol", pages.enrol, name="enrol"),
    path("kiosk/card", pages.card, name="card"),
    path("kiosk/leave", pages.leave, name="leave"),
    path("kiosk/touch", pages.touch, name="touch"),
    path("kiosk/print", pages.print_, name="print"),
    path("kiosk/agent/state", agent.state, name="agent_state"),
    path("kiosk/agent/card", agent.card, name="agent_card"),
    path("kiosk/agent/jobs", agent.jobs, name="agent_jobs"),
    path("kiosk/agent/jobs/<uuid:job_id>/document", agent.document, name="agent_document"),
    path("kiosk/agent/jobs/<uuid:job_id>/ended", agent.ended, name="agent_ended"),
    path("desk/terminals", desk.index, name="terminals"),
    path("desk/terminals/add", desk.add, name="add"),
    path("desk/terminals/<uuid:terminal_id>", desk.show, name="terminal"),
    path("desk/terminals/<uuid:terminal_id>/switch", desk.switch, name="switch"),
]
