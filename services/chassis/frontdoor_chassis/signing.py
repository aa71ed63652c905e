"""Signs what a service writes to a topic with many writers, and checks it at the reader."""

import hmac
from collections.abc import Mapping

from frontdoor_chassis.bus.ports import Received, Record
from frontdoor_schemas.topics import HEADER_SIGNATURE, HEADER_WRITER, CloudEvent


class ForgedRecordError(Exception):
    """A record's signature is not that of the writer it names."""


def _digest(key: bytes, topic: str, record_key: bytes, value: bytes) -> bytes:
    head = b"%d.%s.%d." % (len(topic), topic.encode(), len(record_key))
    return hmac.digest(key, head + record_key + value, "sha256")


class Signer:
    """Signs records as one writer (a gateway's name, `router`, `notifier`)."""

    def __init__(self, writer: str, key: bytes) -> None:
        self._writer = writer
        self._key = key

    def record(self, topic: str, key: bytes, value: bytes, says: CloudEvent) -> Record:
        """A signed record."""
        signature = _digest(self._key, topic, key, value)
        signed = ((HEADER_WRITER, self._writer.encode()), (HEADER_SIGNATURE, signature))
        return Record(topic, key, value, (*says.headers(self._writer), *signed))


class Verifier:
    """Knows the keys of all writers whose records a service reads."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = dict(keys)

    def writer(self, record: Received) -> str:
        """Who wrote it. Raises `ForgedRecordError` when that cannot be shown."""
        headers = dict(record.headers)
        writer = headers.get(HEADER_WRITER, b"").decode(errors="replace")
        key = self._keys.get(writer)
        if key is None or not hmac.compare_digest(headers.get(HEADER_SIGNATURE, b""), _digest(key, record.topic, record.key, record.value)):
            raise ForgedRecordError(f"record at {record.topic}/{record.partition}/{record.offset} is not signed by a known writer")
        return writer


def derive_key(master: bytes, purpose: str) -> bytes:
    """A key for one purpose from a deployment's master secret, for deployments that do not hand out one key each."""
    return hmac.digest(master, b"frontdoor/" + purpose.encode(), "sha256")
