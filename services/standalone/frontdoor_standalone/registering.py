"""Gives a notifier the endpoints of desks."""

from collections.abc import Mapping

import httpx

from frontdoor_standalone.readiness import wait_until_ready


class NotRegisteredError(RuntimeError):
    """The notifier does not take the endpoint of a desk; the message says which and what it answers."""


async def register(notifier: str, endpoints: Mapping[str, str], *, secret: str, admin_token: str) -> None:
    """Give a notifier the address of each desk's endpoint and the secret of all, once it is ready. Again does no harm.

    Raises `NotReadyError`, and `NotRegisteredError` when the notifier refuses.
    """
    await wait_until_ready([notifier], lambda: None)
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {admin_token}"}) as client:
        for desk, url in endpoints.items():
            answer = await client.put(f"{notifier}/admin/endpoints/{desk}", json={"url": url, "secret": secret})
            if not answer.is_success:
                raise NotRegisteredError(f"{notifier} does not take the endpoint of {desk}: {answer.status_code} {answer.reason_phrase}")
