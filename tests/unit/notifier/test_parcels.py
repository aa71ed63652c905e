"""The states of a delivery."""

from frontdoor_notifier.core.outcomes import Answered, TimedOut, Unreachable, code_of
from frontdoor_notifier.core.parcels import (
    PENDING,
    Dead,
    Delivered,
    Filed,
    Recalled,
    Sending,
    Superseded,
    TakenBack,
    Waiting,
    name_of,
)
from frontdoor_notifier.core.steps import Again, Done, GivenUp
from unit.notifier.kit import NOW, parcel

STATES = (Waiting(), Sending(NOW), Delivered(NOW), Dead(NOW, "x"), Recalled(NOW), Superseded(NOW), Filed(NOW))


def test_every_state_has_its_name() -> None:
    assert [name_of(s) for s in STATES] == ["waiting", "sending", "delivered", "dead", "recalled", "superseded", "filed"]
    for state in STATES:
        p = parcel(1)
        p.state = state
        assert p.pending is (name_of(state) in PENDING)


def test_an_attempt_moves_it_on() -> None:
    p = parcel(1)
    p.attempted(Again(NOW, "http_503"), code="http_503", tombstone=False, started=NOW, now=NOW)
    assert (p.state, p.next_at, p.attempts, p.first_at, p.last_code) == (Waiting(NOW), NOW, 1, NOW, "http_503")
    p.attempted(GivenUp("http_400"), code="http_400", tombstone=False, started=NOW, now=NOW)
    assert (p.state, p.next_at, p.attempts) == (Dead(NOW, "http_400"), None, 2)


def test_what_a_tombstone_stands_for_depends_on_why() -> None:
    for how, state in ((TakenBack.recalled, Recalled(NOW)), (TakenBack.superseded, Superseded(NOW))):
        p = parcel(1)
        p.taken_back = how
        p.attempted(Done(), code="http_204", tombstone=True, started=NOW, now=NOW)
        assert p.state == state


def test_codes_are_short_and_without_content() -> None:
    assert [code_of(o) for o in (Answered(503), TimedOut(), Unreachable("tls_failed"))] == ["http_503", "timed_out", "tls_failed"]
