"""The pages that are read."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from alerting.desk.boiler_view import BoilerView
from alerting.desk.figures import Figures
from alerting.desk.rendering import Rendering
from alerting.desk.views import Views

_SVG = "image/svg+xml"


def router(views: Views, boilers: BoilerView, figures: Figures, rendering: Rendering) -> APIRouter:
    """Return the routes of the pages."""
    routes = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    show, language = rendering.show, rendering.language

    @routes.get("/")
    def tickets(request: Request, site: str = "") -> Response:
        return show(request, "tickets.html", views.tickets(site[:64]))

    @routes.get("/tickets/{ticket_id}")
    def ticket(request: Request, ticket_id: int) -> Response:
        return show(request, "ticket.html", views.ticket(ticket_id, language(request)))

    @routes.get("/tickets/{ticket_id}/chart.svg")
    def ticket_chart(request: Request, ticket_id: int) -> Response:
        return Response(views.ticket_chart(ticket_id, language(request)), media_type=_SVG)

    @routes.get("/boilers")
    def boiler_list(request: Request, find: str = "") -> Response:
        return show(request, "boilers.html", boilers.listing(find[:64]))

    @routes.get("/boilers/{boiler}")
    def boiler(request: Request, boiler: str) -> Response:
        return show(request, "boiler.html", boilers.boiler(boiler))

    @routes.get("/boilers/{boiler}/chart.svg")
    def boiler_chart(request: Request, boiler: str) -> Response:
        return Response(boilers.chart(boiler, language(request)), media_type=_SVG)

    @routes.get("/ledger")
    def ledger(request: Request) -> Response:
        return show(request, "ledger.html", figures.ledger())

    @routes.get("/maintenance")
    def maintenance(request: Request) -> Response:
        return show(request, "maintenance.html", figures.maintenance())

    @routes.get("/handover")
    def handover(request: Request) -> Response:
        return show(request, "handover.html", figures.handover())

    @routes.get("/report")
    def report(request: Request, month: str = "", site: str = "") -> Response:
        return show(request, "report.html", figures.report(month[:7], site[:64]))

    return routes
