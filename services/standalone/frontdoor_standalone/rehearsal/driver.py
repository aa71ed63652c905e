"""Plays a scenario on a running exchange and writes down what happened."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any

import httpx

from frontdoor_chassis.directory import Directory
from frontdoor_schemas.vocabulary import EventType, Level
from frontdoor_standalone.exchange import Exchange
from frontdoor_standalone.rehearsal.api import Api
from frontdoor_standalone.rehearsal.clock import Mover, RehearsalClock, Rest
from frontdoor_standalone.rehearsal.compose import MEMBERS, compose
from frontdoor_standalone.rehearsal.mail_sink import MailSink
from frontdoor_standalone.rehearsal.news import News
from frontdoor_standalone.rehearsal.observed import Channel, Heard, Observations, Posted
from frontdoor_standalone.rehearsal.people import individuals
from frontdoor_standalone.rehearsal.receivers import Receivers
from frontdoor_standalone.rehearsal.scenario import ZONE, Scenario
from frontdoor_standalone.rehearsal.seed import Seed, seeds
from frontdoor_standalone.rehearsal.steps import Acknowledge, AnyStep, Collect, Endpoint, Post
from frontdoor_standalone.rehearsal.writing_down import from_item, write_down

TELEPHONE = "told_by_telephone"
A_MOMENT = timedelta(seconds=1)

Tell = Callable[[datetime, str], None]
"""Told of everything that happens while it is played: the moment, and a line of text."""


@dataclass(frozen=True, slots=True)
class Sinks:
    """Where the exchange's messages go: they have to be there before it starts."""

    clock: RehearsalClock
    receivers: Receivers
    mail: MailSink


async def open_sinks(stack: AsyncExitStack, start: datetime, directory: Directory) -> Sinks:
    """Webhook endpoints and a mail server, closed with the stack."""
    clock = RehearsalClock(start)
    desks = {desk.email.lower(): desk.id for desk in directory.desks.values()}
    receivers = await stack.enter_async_context(Receivers(now=lambda: clock.now))
    mail = await stack.enter_async_context(MailSink(desk_of=lambda address: desks.get(address.lower(), address), now=lambda: clock.now))
    return Sinks(clock, receivers, mail)


@dataclass(slots=True)
class Driver:
    """One run of one scenario."""

    scenario: Scenario
    exchange: Exchange
    directory: Directory
    sinks: Sinks
    client: httpx.AsyncClient
    rest: Rest = field(default_factory=Rest)
    tell: Tell = field(default=lambda _when, _text: None)
    _posted: dict[str, Posted] = field(default_factory=dict)
    _threads: dict[str, str] = field(default_factory=dict)
    _broken: list[str] = field(default_factory=list)
    _before_the_end: list[Heard] = field(default_factory=list)

    async def run(self) -> Observations:
        """Play it from before the start to the end."""
        mover = self.sinks.clock.attach(self.exchange, self.client, self.rest)
        await self._endpoints()
        await self._seed(mover)
        steps = sorted(self.scenario.events, key=lambda step: step.at)
        news = News(self.sinks.receivers, self.sinks.mail, self._alias)
        closing = self._closing()
        for moment in sorted({*self.scenario.moments, *closing}):
            await mover.advance(moment, trying=self.sinks.receivers.any_down)
            self._tell_of(news)
            for step in (s for s in steps if s.at == moment):
                await self._take(step)
                await mover.settle()
                self._tell_of(news)
            self._before_the_end += [from_item(d, Channel.inbox, i) for d in closing.get(moment, ()) for i in await self._api.look(d)]
        today = self.sinks.clock.now.astimezone(ZONE).date()
        there = [desk for desk in self._desks() if self.directory.in_force(desk, today)]
        seen = await write_down(self._api, self.sinks, self._posted, tuple(self._broken), there, today)
        return replace(seen, heard=(*seen.heard, *self._before_the_end))

    def _closing(self) -> dict[datetime, list[str]]:
        """The desks that end while it is played, by the last moment at which their inboxes can be read."""
        found: dict[datetime, list[str]] = {}
        for desk in (self.directory.desk(d) for d in self._desks()):
            ends = datetime.combine(desk.until, time(0), ZONE) if desk.until else None
            if ends and self.scenario.starts < ends <= self.scenario.finish:
                found.setdefault(ends - A_MOMENT, []).append(desk.id)
        return found

    def _tell_of(self, news: News) -> None:
        for at, line in news.new():
            self.tell(at, line)

    def _alias(self, event: str) -> str | None:
        return next((p.alias for p in self._posted.values() if p.id == event), None)

    @property
    def _api(self) -> Api:
        return Api(self.exchange, self.directory, self.client)

    def _desks(self) -> list[str]:
        return sorted(self.exchange.keys)

    async def _endpoints(self) -> None:
        for desk in self._desks():
            state = self.scenario.endpoints.get(desk, "up")
            if state != "none":
                secret = await self._api.register_endpoint(desk, self.sinks.receivers.url(desk))
                self.sinks.receivers.knows(desk, secret)
                self.sinks.receivers.set(desk, up=state == "up")

    async def _seed(self, mover: Mover) -> None:
        for n, seed in enumerate(seeds(individuals(self.scenario.people), self.directory, self.scenario.starts)):
            await self._post_seed(n, seed)
        await mover.settle()

    async def _post_seed(self, number: int, seed: Seed) -> None:
        response = await self._api.post(seed.source, seed.type, seed.data, in_reply_to=None, key=f"seed-{number}")
        if not response.is_success:
            self._broken.append(f"before the start: {seed.source} could not post {seed.type.value}: {_reason(response)}")

    async def _take(self, step: AnyStep) -> None:
        match step:
            case Post():
                await self._post(step)
            case Acknowledge():
                for desk in self._who(step):
                    await self._acknowledge(desk, step)
            case Endpoint():
                for desk in self._who(step):
                    self.sinks.receivers.set(desk, up=step.endpoint == "up")
                    self.tell(step.at, f"{desk}: endpoint {step.endpoint}")
            case Collect():
                for desk in self._who(step):
                    await self._collect(desk, step.at)

    def _who(self, step: AnyStep) -> list[str]:
        if step.from_ != MEMBERS:
            return [step.from_]
        members = dict.fromkeys(m for post in self.scenario.posts.values() for m in post.members)
        return [m for m in members if m not in step.except_]

    async def _post(self, step: Post) -> None:
        composed = compose(step, individuals(self.scenario.people), self.scenario.posts)
        cause = self._posted.get(step.of) if step.of else None
        data = composed.data
        response = await self._api.post(
            step.from_, step.post, data, in_reply_to=cause.id if cause else None, key=f"step-{self.scenario.events.index(step)}"
        )
        self.tell(step.at, f"{step.from_} posts {step.post.value} “{step.alias}”")
        if step.refused is not None:
            if str(response.status_code) != step.refused:
                self._broken.append(f"{step.alias}: the gateway answered {response.status_code}, not {step.refused}")
            return
        if not response.is_success:
            self._broken.append(f"{step.alias}: {step.from_} could not post: {_reason(response)}")
            return
        self._posted[step.alias] = Posted(
            alias=step.alias,
            id=str(response.json()["event"]),
            type=step.post,
            source=step.from_,
            at=step.at,
            people=composed.people,
            addressed=composed.addressed,
            held_on=step.held_on,
            corrects=cause.type if cause and step.post is EventType.correction else None,
            items=composed.parts,
            part_people={name: part.about for name, part in step.sections.items()},
        )

    async def _acknowledge(self, desk: str, step: Acknowledge) -> None:
        items = await self._api.inbox(desk)
        for alias, level in step.what:
            posted = self._posted.get(alias)
            ids = [str(i["data"]["disclosure"]) for i in items if posted and i["data"].get("event", {}).get("id") == posted.id]
            if not ids:
                self._broken.append(f"{alias}: {desk} has nothing to acknowledge at {step.at:%d %b %H:%M}")
                continue
            said = {"level": level.value} if isinstance(level, Level) else {TELEPHONE: step.at.isoformat()}
            await self._api.acknowledge(desk, ids, said)
            self.tell(step.at, f"{desk}: {alias} {level.value if level else 'told by telephone'}")

    async def _collect(self, desk: str, at: datetime) -> None:
        items = await self._api.inbox(desk)
        self.tell(at, f"{desk} collects {len(items)} from its inbox")


def _reason(response: httpx.Response) -> str:
    try:
        problem: dict[str, Any] = response.json()
    except ValueError:
        return str(response.status_code)
    return f"{response.status_code} {problem.get('title', '')} {problem.get('detail', '')} {problem.get('errors', '')}".strip()
