"""Reads the definitions of the shared data set, of a pack and of the chapters that it adopts.

They decide nothing, so they are no part of the policy and of the pack's hash; figures carry the edition of their definitions.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from frontdoor_chassis.toml_places import TomlFile
from frontdoor_router.adapters.chapters import MEASURES_FILE, Part, RuleFolders, Rules
from frontdoor_router.adapters.pack_reading import Reading
from frontdoor_router.core.deadlines import Deadlines
from frontdoor_router.core.measures.checking import Nameable, concern_faults, measure_faults
from frontdoor_router.core.measures.definitions import NO_DATA_SET, DataSet
from frontdoor_router.core.measures.file import ConcernEntry, MeasureEntry, MeasuresFile
from frontdoor_schemas.events import MODELS

EDITION_LENGTH = 16
"""Hexadecimal digits that tell two editions apart on a printed table."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What holds in a pack, and what a published table prints."""

    concerns: Rules[ConcernEntry]
    measures: Rules[MeasureEntry]
    smallest: int | None

    def data_set(self) -> DataSet:
        """The definitions; of a pack that has none, a data set without measures."""
        if self.smallest is None:
            return NO_DATA_SET
        measures, concerns = (g.rule.measure() for g in self.measures.held), (g.rule.concern() for g in self.concerns.held)
        return DataSet(tuple(measures), tuple(concerns), self.smallest, self._edition())

    def warnings(self, duties: Collection[str]) -> Iterator[str]:
        """Measures of duties that the pack has not: they count nothing, and nobody is worse served for it."""
        for given in self.measures.held:
            named = given.rule.duties
            if named and not {*named} & {*duties}:
                where = f"{given.chapter}/{MEASURES_FILE}" if given.chapter else MEASURES_FILE
                yield f"{where}: measure {given.rule.id} counts nothing: there is no duty {', '.join(sorted(named))}"

    def _edition(self) -> str:
        digest = hashlib.sha256(f"{self.smallest}\0".encode())
        for rule in (*(g.rule for g in self.concerns.held), *(g.rule for g in self.measures.held)):
            digest.update(rule.model_dump_json().encode() + b"\0")
        return digest.hexdigest()[:EDITION_LENGTH]


def read_measures(folders: RuleFolders, deadlines: Deadlines | None) -> Measures:
    """Those that hold. What is wrong with them is noted; None for what could not be read, and so is not looked up in."""
    found = [(folder, read) for folder in folders.all if folder.has(MEASURES_FILE) and (read := folder.model(MeasuresFile, MEASURES_FILE))]
    concern_parts = [Part(folder, document, "concern", file.concern) for folder, (file, document) in found]
    measure_parts = [Part(folder, document, "measure", file.measure) for folder, (file, document) in found]
    concerns = folders.rules("concern", (g for part in concern_parts for g in part.given()))
    measures = folders.rules("measure", (g for part in measure_parts for g in part.given()))
    known = Nameable(deadlines, {g.rule.id for g in concerns.held} if folders.known(MEASURES_FILE) else None, MODELS)
    for about in concern_parts:
        about.folder.note(about.document, concern_faults(about.rules, MODELS))
    for part in measure_parts:
        part.folder.note(part.document, measure_faults(part.rules, known, part.held(measures)))
    return Measures(concerns, measures, _smallest(found))


def _smallest(found: Sequence[tuple[Reading, tuple[MeasuresFile, TomlFile]]]) -> int | None:
    """The pack's own, or else the one that a chapter gives: two chapters that give one, or measures without any, are a fault."""
    giving = [(folder, file.published.smallest, document) for folder, (file, document) in found if file.published is not None]
    for folder, _, document in [g for g in giving if g[0].chapter][1:]:
        folder.note(document, [(("published",), f"is given by chapter {giving[0][0].chapter} as well")])
    if found and not giving:
        folder, (_, document) = found[-1]
        folder.note(document, [((), "says not what a published table holds back: [published] is missing")])
    return giving[-1][1] if giving else None
