"""Settings that would break a promise are refused at the start."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from frontdoor_chassis.bus.memory import MemoryBus
from frontdoor_chassis.clock import SettableClock
from frontdoor_notifier.app import open_notifier
from frontdoor_notifier.settings import NotifierSettings
from support.delivering import settings_for
from unit.notifier.kit import NOW

DSN, PACK = "postgresql://nobody@127.0.0.1:1/none", Path("nowhere")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"environment": "production"}, "rehearsal_token is refused"),
        ({"timeout": timedelta(seconds=20)}, "lease has to be longer"),
        ({"keep_trying": timedelta(days=2)}, "greater than or equal to 3 days"),
        ({"keep": timedelta(days=1)}, "greater than or equal to 14 days"),
        ({"surprise": 1}, "Extra inputs"),
    ],
)
def test_what_would_break_a_promise_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        settings_for(DSN, PACK, **changes)


def test_networks_within_are_named_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DSN": DSN,
        "PACK": "pack",
        "SIGNING_KEY": "a",
        "WRITER_KEYS": '{"router": "b"}',
        "SECRET_KEY": "c",
        "ADMIN_TOKEN": "d",
        "ALLOWED_NETWORKS": '["10.1.0.0/16", "fd00::/8"]',
    }.items():
        monkeypatch.setenv(f"FRONTDOOR_NOTIFIER_{name}", value)
    settings = NotifierSettings()  # from the environment
    assert [str(n) for n in settings.allowed_networks] == ["10.1.0.0/16", "fd00::/8"]
    assert settings.environment == "production"
    assert not settings.plain_http


def test_secrets_are_not_shown() -> None:
    assert "made-up" not in repr(settings_for(DSN, PACK))


async def test_production_has_no_settable_clock() -> None:
    settings = settings_for(DSN, PACK, environment="production", rehearsal_token=None)
    with pytest.raises(ValueError, match="no settable clock"):
        async with open_notifier(settings, bus=MemoryBus(), clock=SettableClock(NOW)):
            pass
