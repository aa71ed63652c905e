"""Reads the definitions of the shared data set. They decide nothing, so they are no part of a policy; figures carry their own edition."""

import hashlib
from pathlib import Path

from frontdoor_chassis.toml_places import Fault, PackError, parse_strictly, read_text, read_toml
from frontdoor_router.core.measures.checking import Nameable, faults
from frontdoor_router.core.measures.definitions import DataSet
from frontdoor_router.core.measures.file import MeasuresFile
from frontdoor_router.core.pack import Pack
from frontdoor_schemas.events import MODELS

MEASURES_FILE = "measures.toml"
EDITION_LENGTH = 16
"""Hexadecimal digits that tell two editions apart on a printed table."""
NO_DATA_SET = DataSet((), (), 1, "")
"""Of a pack that defines none."""


def load_data_set(folder: Path, pack: Pack) -> DataSet:
    """The definitions of a pack's folder; a pack without them measures nothing. Raises `PackError` with every fault."""
    file = folder / MEASURES_FILE
    if not file.exists():
        return NO_DATA_SET
    try:
        content = file.read_bytes()
    except OSError as error:
        raise PackError([Fault(str(file), 0, f"cannot be read: {error.strerror}")]) from error
    document = read_toml(str(file), read_text(file, content))
    parsed = parse_strictly(MeasuresFile, document)
    nameable = Nameable(pack.deadlines, frozenset(d.id for d in pack.duties), MODELS)
    if found := [document.fault(place, reason) for place, reason in faults(parsed, nameable)]:
        raise PackError(found)
    return DataSet(
        measures=tuple(m.measure() for m in parsed.measure),
        concerns=tuple(c.concern() for c in parsed.concern),
        smallest=parsed.published.smallest,
        edition=hashlib.sha256(content).hexdigest()[:EDITION_LENGTH],
    )
