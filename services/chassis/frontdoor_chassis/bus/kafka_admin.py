"""What is asked of a Kafka cluster itself: whether it answers, which topics there are, and their identities."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypedDict, TypeVar, Unpack

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

T = TypeVar("T")

_ANSWER_SECONDS = 10.0  # longer than the election of a leader, shorter than a person's patience
_NO_DETAIL = (KafkaError._TIMED_OUT, KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN)  # noqa: SLF001 - public in all but name
_REFUSED = (KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED)  # noqa: SLF001 - public in all but name


class Security(TypedDict, total=False):
    """How to identify oneself to the brokers. Empty: neither encryption nor a name."""

    security_protocol: str
    sasl_mechanism: str
    username: str
    password: str
    ca_file: str


def aiokafka_security(security: Security) -> dict[str, Any]:
    """The same settings in the words of aiokafka."""
    settings: dict[str, Any] = {"security_protocol": security.get("security_protocol", "PLAINTEXT")}
    if "username" in security:
        settings["sasl_mechanism"] = security.get("sasl_mechanism", "PLAIN")
        settings["sasl_plain_username"] = security["username"]
        settings["sasl_plain_password"] = security["password"]
    if settings["security_protocol"].endswith("SSL"):
        settings["ssl_context"] = ssl.create_default_context(cafile=security.get("ca_file"))
    return settings


def librdkafka_security(security: Security) -> dict[str, str]:
    """The same settings in the words of confluent-kafka."""
    settings = {"security.protocol": security.get("security_protocol", "PLAINTEXT")}
    if "username" in security:
        settings["sasl.mechanism"] = security.get("sasl_mechanism", "PLAIN")
        settings["sasl.username"] = security["username"]
        settings["sasl.password"] = security["password"]
    if "ca_file" in security:
        settings["ssl.ca.location"] = security["ca_file"]
    return settings


class KafkaAdmin:
    """One administrative connection. Raises `ConnectionError`, with the reason, for a cluster that does not answer."""

    def __init__(self, bootstrap: str, security: Security) -> None:
        self._bootstrap = bootstrap
        self._security = security
        self._last_error: KafkaError | None = None
        settings: dict[str, Any] = {
            "bootstrap.servers": bootstrap,
            "error_cb": self._note,
            "log_level": 0,  # librdkafka writes to stderr; what matters of it reaches `_note`
            **librdkafka_security(security),
        }
        self._client = AdminClient(settings)

    async def cluster(self) -> None:
        """Return when the cluster answers."""
        await self._answer(self._client.describe_cluster(request_timeout=_ANSWER_SECONDS))

    async def partitions(self, topics: Sequence[str]) -> dict[str, tuple[str, int]]:
        """Identity and number of partitions of each topic that exists."""
        asked = self._client.describe_topics(TopicCollection(list(topics)), request_timeout=_ANSWER_SECONDS)
        found = {}
        for topic, future in asked.items():
            try:
                description = await self._answer(future)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise
            else:
                found[topic] = (str(description.topic_id), len(description.partitions))
        return found

    async def topic_ids(self, topics: Sequence[str]) -> dict[str, str]:
        """Identity of each topic that exists; a topic that was deleted and made again has another."""
        return {topic: topic_id for topic, (topic_id, _) in (await self.partitions(topics)).items()}

    async def create(self, topics: Sequence[NewTopic]) -> None:
        """Create topics; one that exists already is left as it is."""
        for future in self._client.create_topics(list(topics), request_timeout=_ANSWER_SECONDS).values():
            try:
                await self._answer(future)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise

    async def _answer(self, future: "Future[Any]") -> Any:
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), _ANSWER_SECONDS + 1)
        except TimeoutError as error:
            raise ConnectionError(self._reason(None)) from error
        except KafkaException as error:
            if error.args[0].code() in (*_NO_DETAIL, *_REFUSED):
                raise ConnectionError(self._reason(error.args[0])) from error
            raise

    def _note(self, error: KafkaError) -> None:
        # "All brokers are down" follows each real reason and would hide it.
        if self._last_error is None or error.code() not in _NO_DETAIL:
            self._last_error = error

    def _reason(self, error: KafkaError | None) -> str:
        self._client.poll(0)  # hands what went wrong in the background to `_note`
        seen = error if error is not None and error.code() in _REFUSED else self._last_error
        self._last_error = None
        if seen is not None and seen.code() in _REFUSED:
            name = self._security.get("username", "nobody")
            return f"Kafka at {self._bootstrap} refused the account {name}: wrong name, password or mechanism"
        return f"Kafka at {self._bootstrap} does not answer: {seen.str() if seen else 'no reply in time'}"


async def ensure_topics(
    bootstrap: str,
    topics: Mapping[str, int],
    *,
    replication: int,
    config: Mapping[str, str] | None = None,
    **security: Unpack[Security],
) -> None:
    """Create the topics that are missing, with so many partitions each, and return when all are there.

    Raises `ValueError` for one that exists with another number of partitions: keys would change partitions, and with
    them lose their order.
    """
    admin = KafkaAdmin(bootstrap, security)
    there = await admin.partitions(list(topics))
    missing = [topic for topic in topics if topic not in there]
    settings = dict(config or {})
    if missing:
        await admin.create([NewTopic(t, topics[t], replication, config=settings) for t in missing])
    async with asyncio.timeout(_ANSWER_SECONDS):
        while len(there) < len(topics):
            there = await admin.partitions(list(topics))
            await asyncio.sleep(0.05)
    for topic, wanted in topics.items():
        if there[topic][1] != wanted:
            raise ValueError(f"topic {topic} has {there[topic][1]} partitions, not {wanted}")
