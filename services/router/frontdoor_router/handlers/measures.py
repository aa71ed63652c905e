"""The shared data set over HTTP, as JSON or as CSV: for the consoles of the lead agency and the partnership."""

import random
from collections.abc import Mapping
from typing import Annotated, Any, Protocol
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import Response
from pydantic import AwareDatetime

from frontdoor_chassis.clock import Clock
from frontdoor_chassis.directory import Directory
from frontdoor_chassis.problems import ProblemError
from frontdoor_router.core.measures.asking import AudienceName, NoSuchQuestionError, Question, Table, as_at_of, audience_of, month_of
from frontdoor_router.core.measures.audiences import Partnership
from frontdoor_router.core.measures.printing import as_csv, as_json, audience_name
from frontdoor_router.core.measures.tally import Result
from frontdoor_router.handlers.operators import Look, only_with
from frontdoor_schemas.problems import PROBLEMS

CSV = "text/csv"

Month = Annotated[str, Query(pattern=r"^\d{4}-\d{2}$", description="YYYY-MM")]
AgencyName = Annotated[str | None, Query(description="With audience=agency: which")]
AsAt = Annotated[AwareDatetime | None, Query(description="What was known at that moment; now when it is not given")]
Sample = Annotated[int | None, Query(ge=1, description="So many of them, drawn at random")]
Seed = Annotated[int, Query(description="The same seed draws the same ones of the same events")]


class DataSet(Protocol):
    """Answers questions; one at a time, since each reads the ledger."""

    async def figures(self, question: Question) -> Table:
        """A table. Raises `NoSuchQuestionError`."""
        ...

    async def cases(self, question: Question, measure: str) -> Mapping[UUID, Result]:
        """The events behind one measure. Raises `NoSuchQuestionError`."""
        ...


class UnknownQuestionError(ProblemError):
    """No such month, concern, agency or measure."""

    kind = PROBLEMS["unknown-question"]


def routes(*, data_set: DataSet, directory: Directory, clock: Clock, token: str, readers: tuple[str, ...], looked: Look) -> APIRouter:
    """The routes, for who holds the operators' token; the tables for who holds a reader's as well, but no event behind them.

    An audience that is not named is everybody: the one that sees least.
    """
    router = APIRouter(prefix="/v1", tags=["data set"])
    may_read, may_look_behind = [Depends(only_with(token, *readers))], [Depends(only_with(token))]

    async def table(
        month: Month, concern: str | None = None, audience: AudienceName = "published", agency: AgencyName = None, as_at: AsAt = None
    ) -> Table:
        try:
            question = Question(month_of(month), as_at_of(as_at, clock.now()), concern, audience_of(audience, agency, directory))
            await looked(f"measures:{question.month:%Y-%m}:{audience_name(question.audience)}")
            return await data_set.figures(question)
        except NoSuchQuestionError as error:
            raise UnknownQuestionError(str(error)) from error

    asked = Annotated[Table, Depends(table)]

    @router.get("/measures", response_model=None, dependencies=may_read)
    async def get_measures(found: asked, accept: Annotated[str, Header()] = "") -> Response | dict[str, Any]:
        return _csv(found) if CSV in accept else as_json(found)

    @router.get("/measures.csv", response_model=None, dependencies=may_read)
    async def get_measures_csv(found: asked) -> Response:
        return _csv(found)

    @router.get("/measures/{measure}/events", dependencies=may_look_behind)
    async def get_events(
        measure: str, month: Month, concern: str | None = None, as_at: AsAt = None, sample: Sample = None, seed: Seed = 0
    ) -> dict[str, Any]:
        try:
            question = Question(month_of(month), as_at_of(as_at, clock.now()), concern, Partnership())
            await looked(f"measures:{question.month:%Y-%m}:events")
            found = await data_set.cases(question, measure)
        except NoSuchQuestionError as error:
            raise UnknownQuestionError(str(error)) from error
        drawn = _drawn(sorted(found), sample, seed)
        return {"of": len(found), "events": [{"id": event, "result": found[event]} for event in drawn]}

    return router


def _drawn(events: list[UUID], sample: int | None, seed: int) -> list[UUID]:
    """All of them, or a random sample that can be drawn again (M12)."""
    if sample is None or sample >= len(events):
        return events
    return sorted(random.Random(seed).sample(events, sample))  # noqa: S311 - to be drawn again, and no secret


def _csv(found: Table) -> Response:
    return Response(as_csv(found), media_type=CSV)
