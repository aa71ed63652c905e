"""A desk that misses the same thing again and again about one child: the partnership hears of it only then."""

from datetime import timedelta
from pathlib import Path

from frontdoor_schemas.vocabulary import Level
from support.builders import a_child, an_involvement
from support.deciding import NIGHT
from support.exchange import exchange
from support.packs import varied
from support.routers import rows

DUTY = """
[[duty]]
id = "come-to-the-meeting"
from = 2020-01-01
own = true
on = "core-group-minutes"
tell = {relation = "school", of = "each-child"}
because = "meeting"
deadline = "at-once"
satisfied_by = ["acted"]
escalate = [{at = "+0m", to = "deputy"}, {at = "+0m", to = "role:encompass", missed = 3}]
"""
AGREEMENT = """// agreement: meetings
// from: 2020-01-01
// own
// parties: everybody

@id("meetings.school")
@agreement("meetings")
@legal_basis("made up")
@explain("A school reads of its pupil")
permit (principal == Role::"school_dsl", action, resource)
when { resource in [Category::"case_reference", Category::"child_identity"] }
when { context.purpose == "meeting" };
"""
OAK, DEPUTY, ENCOMPASS = "oak.dsl", "oak.deputy", "police.encompass"


async def test_only_the_third_in_a_row_is_raised_to_the_partnership(database: str, tmp_path: Path) -> None:
    pack = str(varied(tmp_path, duties=DUTY, agreement=AGREEMENT))
    async with exchange(database, pack=pack, starts=NIGHT) as running:
        for pupil in (a_child(1), a_child(2)):
            await running.post("hub.front-door", "involvement-started", an_involvement(pupil, desk=OAK, relation="school"))
        heard: list[set[str]] = []
        moment = NIGHT
        for number, child in enumerate((1, 1, 2, 1, 1, 1, 1)):
            event = await running.post("care.duty", "core-group-minutes", {"children": [a_child(child)]})
            if number == 4:  # this one it does in time: it counts from the beginning again
                await running.receipt(running.to(OAK, event), Level.acted)
            moment += timedelta(days=1)
            await running.move_to(moment)
            heard.append(running.desks_told(event, "overdue"))
        assert heard == [{DEPUTY}, {DEPUTY}, {DEPUTY}, {DEPUTY, ENCOMPASS}, set(), {DEPUTY}, {DEPUTY}]
        noted = await rows(database, "SELECT detail ->> 'times' FROM audit WHERE type = 'obligation.missed' ORDER BY id")
        assert [times for (times,) in noted] == ["1", "2", "1", "1", "2"]
