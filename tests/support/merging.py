"""The pack of the tests on the day on which agencies of it end: two schools become one, a clinic goes on under another role."""

import shutil
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from frontdoor_router.core.policy import policy_of
from support.deciding import TEST_PACK, Deciding, deciding_by

MERGER = date(2020, 11, 11)
"""The day after the night of the tests: Oak and Elm School are Grove School, the clinic is the recovery service, the hub has a head."""
MORNING = datetime(2020, 11, 11, 9, 0, tzinfo=UTC)

ENDS = "until = 2020-11-11\n"
HEAD = """
[[agency.desk]]
id = "head"
role = "manager"
name = "Head"
email = "head@hub.example"
hours = "office"
from = 2020-11-11
"""
ENDING: Mapping[str, str] = {
    'name = "Oak School"\ngateway = "schools"\nfrom = 2019-09-01\n': ENDS + 'successor = "grove"\n',
    'name = "Elm School"\ngateway = "schools"\nfrom = 2019-09-01\n': ENDS + 'successor = "grove"\n',
    'name = "Treatment service"\ngateway = "health"\nfrom = 2019-09-01\n': ENDS,
    'email = "duty@clinic.example"\nhours = "office"\n': 'successor = "recovery.duty"\n',
    'email = "manager@hub.example"\nhours = "office"\n': ENDS + 'successor = "hub.head"\n' + HEAD,
}
"""What is added to the entries of those that end, behind these lines."""

SUCCESSORS = """
[[agency]]
id = "grove"
name = "Grove School"
gateway = "schools"
from = 2020-11-11
own = true
publishes = ["referral", "information-response", "involvement-started", "involvement-ended", "correction", "withdrawal"]

[[agency.desk]]
id = "dsl"
role = "school_dsl"
name = "Safeguarding lead"
email = "dsl@grove.example"
deputy = "grove.deputy"
manager = "hub.head"
hours = "school"

[[agency.desk]]
id = "deputy"
role = "school_dsl"
by_role = false
name = "Deputy lead"
email = "deputy@grove.example"
hours = "school"

[[agency]]
id = "recovery"
name = "Recovery service"
gateway = "recovery"
from = 2020-11-11
own = true
publishes = ["information-response"]

[[agency.desk]]
id = "duty"
role = "adult_mental_health"
name = "Duty"
email = "duty@recovery.example"
manager = "hub.head"
hours = "office"
"""
AGREEMENT = """// agreement: from-the-merger
// from: 2020-11-11
// own
// parties: schools, recovery service

@id("merger.school")
@agreement("from-the-merger")
@legal_basis("made up")
@explain("A child's own school sees where the child lives")
permit (principal == Role::"school_dsl", action, resource == Category::"home_and_contact")
when { context.purpose == "notice" && context.of_subject == "yes" };

@id("merger.recovery")
@agreement("from-the-merger")
@legal_basis("made up")
@explain("The recovery service sees that its own adult was named, by whom, and the offences")
permit (principal == Role::"adult_mental_health", action, resource)
when {
  resource in [Category::"case_reference", Category::"family_network", Category::"offence_and_court"] ||
  (resource == Category::"professional_network" && context.source_section == "yes")
}
when { context.purpose == "own-adult" && context.manages_subject == "yes" };

@id("merger.recovery.offences")
@agreement("from-the-merger")
@legal_basis("made up")
@explain("For a purpose that there was not before, it sees its own adult")
permit (principal == Role::"adult_mental_health", action, resource)
when { resource in [Category::"case_reference", Category::"family_network"] }
when { context.purpose == "offences-only" && context.manages_subject == "yes" };
"""
DUTY = """
[[duty]]
id = "offences"
from = 2020-11-11
own = true
on = "investigation-status"
tell = {relation = "treats", of = "each-adult"}
because = "offences-only"
deadline = "day"
satisfied_by = ["received"]
"""
EXPECTED = """
[[expects]]
id = "referral-circumstances"
on = "referral"
from = 2020-01-01
own = true
field = "circumstances"
deadline = "day"
"""


def merging(folder: Path) -> Path:
    """A copy of the pack of the tests in which agencies end on the day of the merger."""
    pack = Path(shutil.copytree(TEST_PACK, folder / "merging"))
    agencies = pack / "agencies.toml"
    text = agencies.read_text()
    for line, more in ENDING.items():
        assert text.count(line) == 1, line
        text = text.replace(line, line + more)
    agencies.write_text(text + SUCCESSORS)
    (pack / "agreements" / "from-the-merger.cedar").write_text(AGREEMENT)
    for name, more in (("duties.toml", DUTY), ("completeness.toml", EXPECTED)):
        with (pack / name).open("a") as file:
            file.write(more)
    return pack


def deciding_across(folder: Path) -> Deciding:
    """A decider on the night before the merger."""
    return deciding_by(merging(folder))


def the_day_comes(deciding: Deciding) -> None:
    """It is the day of the merger."""
    deciding.policy = policy_of(deciding.policy.pack, MERGER)
    deciding.now = max(deciding.now, MORNING) + timedelta(minutes=1)
