"""A partnership on the eve of a merger in which schools and the front door hear who works with whom."""

from pathlib import Path
from typing import Any

from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_router.core.policy import policy_of
from support.asking import MOTHER, Asking
from support.builders import a_child
from support.deciding import NIGHT, Told
from support.merging import merging

DUTIES = """
[[duty]]
id = "known-to"
from = 2020-01-01
own = true
on = "referral"
tell = {relation = "role:front_door", of = "event"}
known_to = [{service = "substance_misuse", of = "each-adult"}, {service = "school_nursing", of = "each-child", complete = true}]
because = "partners"
deadline = "day"
satisfied_by = ["received"]

[[duty]]
id = "known-to-school"
from = 2020-01-01
own = true
on = "referral"
tell = {relation = "school", of = "each-child"}
known_to = [{service = "substance_misuse", of = "each-adult"}, {service = "school_nursing", of = "each-child", complete = true}]
because = "partners"
deadline = "day"
satisfied_by = ["acted"]
escalate = [{at = "-23h", to = "deputy"}]

[[duty]]
id = "ask-the-clinic"
from = 2020-01-01
own = true
on = "referral"
tell = {relation = "role:substance_misuse", of = "each-adult"}
only_if_unknown = [{service = "substance_misuse", of = "each-adult"}]
because = "partners"
deadline = "day"
satisfied_by = ["received"]

[[duty]]
id = "request"
from = 2020-01-01
own = true
on = "meeting-request"
tell = {relation = "role:front_door", of = "event"}
propose_invitees = true
because = "partners"
deadline = "day"
satisfied_by = ["received"]

[[duty]]
id = "request-school"
from = 2020-01-01
own = true
on = "meeting-request"
tell = {relation = "school", of = "each-child"}
propose_invitees = true
because = "partners"
deadline = "day"
satisfied_by = ["acted"]

[[duty]]
id = "invite-involved"
from = 2020-01-01
own = true
on = "meeting-invitation"
tell = {relation = "involved", of = "each-child"}
because = "partners"
deadline = "day"
satisfied_by = ["opened"]
shown_to_publisher = true
escalate = [{at = "+0m", to = "source"}]

[[duty]]
id = "invited-answer"
from = 2020-01-01
own = true
on = "meeting-invitation"
expect = "meeting-response"
by = "told"
deadline = "day"
escalate = [{at = "+0m", to = "source"}]
"""
AGREEMENT = """// agreement: partners
// from: 2019-09-01
// own
// parties: everybody

@id("partners.everybody")
@agreement("partners")
@legal_basis("made up")
@explain("Schools, nurses and the front door hear who works with whom; the clinic is asked")
permit (principal, action, resource)
when { principal in [Role::"school_dsl", Role::"front_door", Role::"substance_misuse", Role::"school_nursing"] }
when {
  resource in [
    Category::"case_reference", Category::"child_identity", Category::"adult_health_and_treatment", Category::"child_health",
    Category::"professional_network", Category::"family_network"
  ]
}
when { context.purpose == "partners" };
"""
CLINIC, NURSE, OAK, FRONT_DOOR = "clinic.duty", "trust.nursing", "oak.dsl", "hub.front-door"


def a_pack(folder: Path) -> Path:
    """Its pack."""
    pack = merging(folder)
    with (pack / "duties.toml").open("a", encoding="utf-8") as file:
        file.write(DUTIES)
    (pack / "agreements" / "partners.cedar").write_text(AGREEMENT)
    return pack


def partners(folder: Path) -> Asking:
    """The night before Oak and Elm School become Grove School; the child goes to Oak."""
    made = Asking(policy=policy_of(load_pack(a_pack(folder)), NIGHT.date()))
    made.tie(a_child(1), OAK, "school", by="council.school-roll")
    return made


def works(deciding: Asking, desk: str, *, kept_from: tuple[str, ...] = (), by: str | None = None, **more: Any) -> Told:
    """A desk says that it works with the child, or the clinic that it treats the mother, and from whom that is withheld."""
    adult = desk.partition(".")[0] in {"clinic", "recovery"}
    person = {"adults": [MOTHER], "about": [MOTHER["ref"]]} if adult else {"children": [a_child(1)], "about": ["child-1"]}
    sharing = {"sharing": {"withhold_from": list(kept_from)}} if kept_from else {}
    facts = {"relation": "treats" if adult else "involved", "desk": desk, **sharing, **more}
    return deciding.post(by or desk, "involvement-started", {**person, **facts})


def no_longer(deciding: Asking, desk: str) -> Told:
    """A desk says that it no longer does."""
    person = {"children": [a_child(1)], "about": ["child-1"]}
    return deciding.post(desk, "involvement-ended", {**person, "relation": "involved", "desk": desk})


def referral(deciding: Asking, by: str = "police.pvp") -> Told:
    """A referral of the child with its mother."""
    return deciding.post(by, "referral", {"children": [a_child(1)], "adults": [MOTHER]})


def request(deciding: Asking, by: str = "police.pvp") -> Told:
    """A meeting about both is asked for."""
    return deciding.post(by, "meeting-request", {"children": [a_child(1)], "adults": [MOTHER]})


def invitation(deciding: Asking, by: str = "police.pvp", **more: Any) -> Told:
    """Whoever works with the child is invited to a meeting."""
    return deciding.post(by, "meeting-invitation", {"children": [a_child(1)], **more})


def known(told: Told, desk: str) -> dict[str, str]:
    """By service, what a desk is answered."""
    message = told.message(desk)
    return {one["service"]: one["answer"] for field in ("known_to_treatment", "known_to_health") for one in message.get(field, ())}


def proposed(told: Told, desk: str) -> set[str]:
    """The desks that one is told to invite."""
    message = told.message(desk)
    fields = ("proposed_invitees", "proposed_invitees_treatment", "proposed_invitees_health")
    return {one["desk"] for field in fields for one in message.get(field, ())}
