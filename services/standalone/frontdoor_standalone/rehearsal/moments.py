"""Moments as a scenario writes them: local, without a year where the start says it."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

WITH_YEAR = "%Y-%m-%d %H:%M"
WITHOUT_YEAR = "%Y %d %b %H:%M"
BEFORE_START = timedelta(days=60)
"""How long before the start a moment without a year may lie; a date still earlier is taken to be in the next year."""


def absolute(text: str, zone: ZoneInfo) -> datetime:
    """Read `2020-11-10 21:00`. Raises `ValueError`."""
    try:
        return datetime.strptime(text.strip(), WITH_YEAR).replace(tzinfo=zone)
    except ValueError:
        raise ValueError(f"“{text}” is no moment; write one as 2020-11-10 21:00") from None


def moment(text: str, starts: datetime) -> datetime:
    """Read `10 Nov 21:40` (the year follows from the start) or `2020-11-10 21:40`. Raises `ValueError`."""
    zone = starts.tzinfo
    try:
        found = datetime.strptime(f"{starts.year} {text.strip()}", WITHOUT_YEAR).replace(tzinfo=zone)
    except ValueError:
        try:
            return datetime.strptime(text.strip(), WITH_YEAR).replace(tzinfo=zone)
        except ValueError:
            raise ValueError(f"“{text}” is no moment; write one as 10 Nov 21:40 or 2020-11-10 21:40") from None
    return found if found >= starts - BEFORE_START else found.replace(year=starts.year + 1)


def time_of_day(text: str) -> time | None:
    """Read `07:40`; None when it is something else."""
    try:
        return datetime.strptime(text.strip(), "%H:%M").time()  # noqa: DTZ007 - a time of day has no zone
    except ValueError:
        return None


def shown(when: datetime, zone: ZoneInfo) -> str:
    """A moment as a scenario would write it."""
    return when.astimezone(zone).strftime("%d %b %H:%M").lstrip("0")
