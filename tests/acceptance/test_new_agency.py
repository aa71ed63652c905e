"""An agency of a kind that a partnership did not have, with a gateway of its own, is added by its pack alone (register A7)."""

from pathlib import Path

import pytest

from frontdoor_router.adapters.pack_files import load_pack
from frontdoor_schemas.vocabulary import Role
from frontdoor_standalone.deployment import pack_folder
from frontdoor_standalone.rehearsal.editing import copy_of
from frontdoor_standalone.rehearsal.report import plain
from frontdoor_standalone.rehearsal.runner import Runner
from frontdoor_standalone.rehearsal.scenario import Written, load
from frontdoor_standalone.rehearsal.switching import checks_of, run_check

AGENCY = """
[[agency]]
id = "adult-services"
name = "Adult services"
gateway = "adult-services"
from = 2020-01-01
own = true
publishes = ["adult-service"]

[[agency.desk]]
id = "duty"
role = "adult_mental_health"
name = "Duty team"
email = "duty@adult-services.example"
manager = "mash.lead"
hours = "office"
"""
DUTIES = """
[[duty]]
id = "adult-services-mash"
from = 2020-01-01
own = true
rows = ["A7"]
on = "adult-service"
tell = {relation = "role:front_door", of = "event"}
because = "adult-services"
deadline = "at-once"
satisfied_by = ["received"]

[[duty]]
id = "incident-adult-services"
from = 2020-01-01
own = true
rows = ["A7"]
on = "police-incident"
tell = {relation = "treats", of = "each-adult"}
because = "own-adult"
deadline = "at-once"
satisfied_by = ["received"]
"""
AGREEMENT = """// agreement: adult-services
// from: 2020-01-01
// own
// parties: adult services, MASH

@id("adult-services.mash")
@rows("A7")
@agreement("adult-services")
@legal_basis("Made up: discloser and recipient as for any partner of the MASH")
@explain("The MASH sees what adult services write of an adult, and which children there are")
permit (principal == Role::"front_door", action, resource)
when {
  resource in [
    Category::"case_reference", Category::"child_identity", Category::"family_network", Category::"adult_health_and_treatment",
    Category::"risk_and_need"
  ]
}
when { context.purpose == "adult-services" };

@id("adult-services.own")
@rows("A7")
@agreement("adult-services")
@legal_basis("Made up: as above")
@explain("Adult services see that their own adult was named in an incident")
permit (principal == Role::"adult_mental_health", action, resource)
when { resource in [Category::"case_reference", Category::"family_network"] }
when { context.purpose == "own-adult" && context.manages_subject == "yes" };
"""
SCENARIO = """
scenario: Adult services join
pack: harbourside
starts: "2020-11-09 09:00"
people:
  rex: {born: "2011-05-06", nhs_number: "9990000034", school: quayside, gp: pier, health_visiting: wellbeing}
  sal: {adult: mother, treated_by: adult-services}
  tom: {adult: neighbour}
events:
  - {at: "9 Nov 10:00", from: adult-services.duty, post: adult-service, as: missed, about: [rex, sal]}
  - {at: "9 Nov 11:00", from: coast-police.vulnerability, post: police-incident, as: incident, about: [rex, sal, tom]}
ends: "9 Nov 11:30"
expect:
  - told: mash.screening
    of: missed
    about_only: [rex, sal]
    includes: [adult_health_and_treatment, family_network]
    rows: [A7]
  - told: adult-services.duty
    of: incident
    about_only: [sal]
    includes: [family_network]
    excludes: [child_identity, concern_and_incident, offence_and_court]
    never_contains: [Rex, Tom]
    rows: [A7]
  - {told: [mash.screening, quayside.safeguarding, wellbeing.0-19], of: incident, standard: own}
  - {not_told: [quayside.safeguarding, pier.reception, coast-police.vulnerability], of: missed, because: no-duty, standard: own}
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """Harbourside, which has no service that treats adults, with one added to its files."""
    assert not any(d.role is Role.adult_mental_health for d in load_pack(pack_folder("harbourside")).directory.desks.values())
    copy = copy_of(pack_folder("harbourside"), tmp_path)
    for name, more in (("agencies.toml", AGENCY), ("duties.toml", DUTIES)):
        with (copy / name).open("a", encoding="utf-8") as file:
            file.write(more)
    (copy / "agreements" / "adult-services.cedar").write_text(AGREEMENT, encoding="utf-8")
    return copy


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """The story of its first day."""
    file = tmp_path / "adult-services.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    return load(file)


async def test_its_events_flow_and_it_is_told_what_a_duty_and_an_agreement_say(standalone: Runner, pack: Path, written: Written) -> None:
    result = await standalone.run(written, pack)
    assert result.passed, "\n".join(plain(result))


async def test_without_those_rules_nothing_flows_and_with_others_too_much(standalone: Runner, pack: Path, written: Written) -> None:
    assert [await run_check(standalone, check, pack) for check in checks_of(written)] == [[], []]
