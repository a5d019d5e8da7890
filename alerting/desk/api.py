"""What programs read: tickets with their clocks, as JSON; described at /api/openapi.json."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from alerting.desk.views import Views
from alerting.ticket import State


class _Out(BaseModel):
    """Read from our own values by the names of their attributes."""

    model_config = ConfigDict(from_attributes=True)


class ObligationOut(_Out):
    """A promise and its clock; times in ms since 1970 UTC."""

    name: str
    number: int
    started_at_ms: int
    due_at_ms: int
    met_at_ms: int | None = Field(description="When it was kept; null while it was not.")
    ended_at_ms: int | None
    paused_ms: int
    running: bool
    policy: str = Field(description="Version of the policy that its target comes from.")


class TicketOut(_Out):
    """A ticket."""

    id: int
    boiler: str
    district: bool = Field(description="Whether it is an incident of a whole site.")
    site: str
    region: str
    chain: str
    problem: str
    kind: str
    severity: str
    state: State
    opened_at_ms: int
    assignee: str
    paused: bool
    verdict: str
    obligations: list[ObligationOut]


class TransitionOut(_Out):
    """A line of a ticket's history."""

    id: int
    at_ms: int
    recorded_at_ms: int
    actor: str
    action: str
    reason: str


class HistoryOut(TicketOut):
    """A ticket with its history."""

    history: list[TransitionOut]


Number = Annotated[int, Path(ge=1, lt=2**53)]


def router(views: Views) -> APIRouter:
    """Return the routes under /api."""
    routes = APIRouter(prefix="/api")

    @routes.get("/tickets")
    def tickets(
        site: Annotated[str, Query(max_length=64)] = "", limit: Annotated[int, Query(ge=1, le=1_000)] = 200
    ) -> list[TicketOut]:
        """Return open tickets by nearest breach."""
        return [TicketOut.model_validate(one) for one in views.open_tickets(site, limit)]

    @routes.get("/tickets/{ticket_id}", responses={404: {"description": "There is no such ticket."}})
    def ticket(ticket_id: Number) -> HistoryOut:
        """Return one ticket with its history."""
        one = views.find(ticket_id)
        if one is None:
            raise HTTPException(404, "there is no such ticket")
        return HistoryOut.model_validate(one)

    return routes
