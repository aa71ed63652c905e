"""What a rehearsal asks of an exchange over HTTP: as agencies at their gateways, as the governance officer at the router."""

from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Any

import httpx

from frontdoor_chassis.directory import Directory
from frontdoor_schemas.topics import FAMILY
from frontdoor_schemas.vocabulary import EventType
from frontdoor_standalone.exchange import Exchange

PAGE = 200
REQUEST_SECONDS = 30.0


class Api:
    """One client for all of it; every call is made with the key of the desk that makes it."""

    def __init__(self, exchange: Exchange, directory: Directory, client: httpx.AsyncClient) -> None:
        self._exchange = exchange
        self._directory = directory
        self._client = client
        self._admin = {"Authorization": f"Bearer {exchange.admin_token}"}

    def _gateway(self, desk: str) -> str:
        return self._exchange.gateways[self._directory.gateway_of(desk)]

    def _key(self, desk: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._exchange.keys[desk]}"}

    async def post(self, desk: str, event_type: EventType, data: Mapping[str, Any], *, in_reply_to: str | None, key: str) -> httpx.Response:
        """Post an event as a desk."""
        body = {"type": event_type.value, "in_reply_to": in_reply_to, "data": data}
        headers = {**self._key(desk), "Idempotency-Key": key}
        return await self._client.post(f"{self._gateway(desk)}/v1/{FAMILY[event_type]}", json=body, headers=headers)

    async def inbox(self, desk: str) -> list[dict[str, Any]]:
        """Everything in a desk's inbox, in order. Asking with the last cursor proves that the desk has it."""
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            query = {"desk": desk, "limit": str(PAGE)} | ({"cursor": cursor} if cursor else {})
            response = await self._client.get(f"{self._gateway(desk)}/v1/inbox", params=query, headers=self._key(desk))
            response.raise_for_status()
            page = response.json()
            items += page["items"]
            cursor = page["cursor"]
            if not page["items"]:
                return items

    async def look(self, desk: str) -> list[dict[str, Any]]:
        """The first page of a desk's inbox. To look is no receipt: only coming back with the cursor is."""
        query = {"desk": desk, "limit": str(PAGE)}
        response = await self._client.get(f"{self._gateway(desk)}/v1/inbox", params=query, headers=self._key(desk))
        response.raise_for_status()
        items: list[dict[str, Any]] = response.json()["items"]
        return items

    async def stream(self, desk: str, expected: int) -> list[str]:
        """What the desk's stream gives from its beginning, one text for each item."""
        found: list[str] = []
        if not expected:
            return found
        url, timeout = f"{self._gateway(desk)}/v1/stream", httpx.Timeout(REQUEST_SECONDS)
        async with self._client.stream("GET", url, headers=self._key(desk), timeout=timeout) as response:
            response.raise_for_status()
            async for data in _events(response):
                found.append(data)
                if len(found) >= expected:
                    break
        return found

    async def acknowledge(self, desk: str, disclosures: list[str], said: Mapping[str, str]) -> None:
        """Say how far something got with a desk: `level`, or `told_by_telephone` with the moment of the call."""
        body = {"items": [{"disclosure": d, **said} for d in disclosures]}
        response = await self._client.post(f"{self._gateway(desk)}/v1/acknowledgements", json=body, headers=self._key(desk))
        response.raise_for_status()
        if any(item["status"] != httpx.codes.OK for item in response.json()["items"]):
            raise ValueError(f"{desk} acknowledged what its gateway does not have")

    async def publisher_view(self, desk: str, event: str, today: date) -> str:
        """The ledger of an event as its own desk may see it, or the one that has its work. Where there is none nobody sees it."""
        acting = self._directory.acting(desk, today)
        if acting is None or self._gateway(acting.id) != self._gateway(desk):
            return ""
        desk = acting.id
        response = await self._client.get(f"{self._gateway(desk)}/v1/events/{event}", headers=self._key(desk))
        response.raise_for_status()
        return response.text

    async def register_endpoint(self, desk: str, url: str) -> str:
        """Give a desk's endpoint to the notifier; the answer is its secret."""
        response = await self._client.put(f"{self._exchange.notifier}/admin/endpoints/{desk}", json={"url": url}, headers=self._admin)
        response.raise_for_status()
        return str(response.json()["secret"])

    async def event(self, event: str) -> dict[str, Any] | None:
        """Everything the router keeps about an event; None while it does not know it."""
        response = await self._client.get(f"{self._exchange.router}/admin/events/{event}", headers=self._admin)
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        response.raise_for_status()
        found: dict[str, Any] = response.json()
        return found


async def _events(response: httpx.Response) -> AsyncIterator[str]:
    data: list[str] = []
    async for line in response.aiter_lines():
        if line.startswith("data:"):
            data.append(line[5:].strip())
        elif not line and data:
            yield "\n".join(data)
            data = []
