"""The shared data set over HTTP, as JSON or as CSV: for the consoles of the lead agency and the partnership."""

from collections.abc import Awaitable, Callable
from datetime import UTC
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import Response
from pydantic import AwareDatetime

from frontdoor_chassis.clock import Clock
from frontdoor_chassis.directory import Directory
from frontdoor_chassis.problems import ProblemError
from frontdoor_router.core.measures.asking import AudienceName, NoSuchQuestionError, Question, Table, audience_of, month_of
from frontdoor_router.core.measures.printing import as_csv, as_json, audience_name
from frontdoor_router.handlers.operators import Look, operators_only
from frontdoor_schemas.problems import PROBLEMS

CSV = "text/csv"

Month = Annotated[str, Query(pattern=r"^\d{4}-\d{2}$", description="YYYY-MM")]
AgencyName = Annotated[str | None, Query(description="With audience=agency: which")]
AsAt = Annotated[AwareDatetime | None, Query(description="What was known at that moment; now when it is not given")]


class UnknownQuestionError(ProblemError):
    """No such month, concern or agency."""

    kind = PROBLEMS["unknown-question"]


def routes(*, figures: Callable[[Question], Awaitable[Table]], directory: Directory, clock: Clock, token: str, looked: Look) -> APIRouter:
    """The routes, for who holds the token. An audience that is not named is everybody: the one that sees least."""
    router = APIRouter(prefix="/v1", tags=["data set"], dependencies=[Depends(operators_only(token))])

    async def table(
        month: Month, concern: str | None = None, audience: AudienceName = "published", agency: AgencyName = None, as_at: AsAt = None
    ) -> Table:
        now = clock.now()
        if as_at is not None and as_at > now:
            raise UnknownQuestionError("that moment has not come yet")
        try:
            question = Question(month_of(month), (as_at or now).astimezone(UTC), concern, audience_of(audience, agency, directory))
            await looked(f"measures:{question.month:%Y-%m}:{audience_name(question.audience)}")
            return await figures(question)
        except NoSuchQuestionError as error:
            raise UnknownQuestionError(str(error)) from error

    asked = Annotated[Table, Depends(table)]

    @router.get("/measures", response_model=None)
    async def get_measures(found: asked, accept: Annotated[str, Header()] = "") -> Response | dict[str, Any]:
        return _csv(found) if CSV in accept else as_json(found)

    @router.get("/measures.csv", response_model=None)
    async def get_measures_csv(found: asked) -> Response:
        return _csv(found)

    return router


def _csv(found: Table) -> Response:
    return Response(as_csv(found), media_type=CSV)
