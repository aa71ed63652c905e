"""What is asked of a Kafka cluster itself: whether it answers, which topics there are, and their identities."""

import asyncio
import ssl
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypedDict, Unpack

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

_ANSWER_SECONDS = 10.0  # longer than the election of a leader, shorter than a person's patience
_DOWN_SECONDS = 2.0  # for so long may every broker be away before that is the answer
_LOOK_SECONDS = 0.05
_REFUSED = (KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED)  # noqa: SLF001 - public in all but name
_NOT_PERMITTED = (
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
)
_ALL_DOWN = KafkaError._ALL_BROKERS_DOWN  # noqa: SLF001 - public in all but name
_NO_REPLY = (KafkaError._TIMED_OUT, KafkaError._TRANSPORT, _ALL_DOWN)  # noqa: SLF001 - public in all but name


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
    """One administrative connection.

    Everything raises `ConnectionError`, with the reason, when the cluster does not answer or does not know the account,
    and `PermissionError` when the account may not.
    """

    def __init__(self, bootstrap: str, security: Security) -> None:
        self._bootstrap = bootstrap
        self._security = security
        self._worst: KafkaError | None = None
        self._all_down = False  # said once, when the last connection is lost; so it is remembered until an answer comes
        settings: dict[str, Any] = {
            "bootstrap.servers": bootstrap,
            "error_cb": self._note,
            "log_level": 0,  # librdkafka writes to stderr; what matters of it reaches `_note`
            "reconnect.backoff.max.ms": 1_000,  # ten seconds would be as long as an answer may take
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
        answer = asyncio.wrap_future(future)
        self._client.poll(0)  # what went wrong in the background earlier says nothing about this question
        self._worst = None
        began = time.monotonic()
        while not (await asyncio.wait({answer}, timeout=_LOOK_SECONDS))[0]:
            self._client.poll(0)
            if self._is_hopeless(time.monotonic() - began):
                answer.cancel()
                raise ConnectionError(self._reason(self._worst))
        try:
            self._all_down = False
            return answer.result()
        except KafkaException as error:
            raise self._translated(error) from error

    def _is_hopeless(self, waited: float) -> bool:
        if waited > _ANSWER_SECONDS + 1:
            return True
        refused = self._worst is not None and self._worst.code() in _REFUSED
        return refused or (self._all_down and waited > _DOWN_SECONDS)

    def _note(self, error: KafkaError) -> None:
        self._all_down = self._all_down or error.code() == _ALL_DOWN
        if self._worst is None or _severity(error) >= _severity(self._worst):
            self._worst = error

    def _translated(self, error: KafkaException) -> Exception:
        code = error.args[0].code()
        if code in (*_REFUSED, *_NO_REPLY) or error.args[0].retriable():
            return ConnectionError(self._reason(self._worst or error.args[0]))
        if code in _NOT_PERMITTED:
            return PermissionError(f"Kafka at {self._bootstrap} does not permit the account {self._account}: {error.args[0].str()}")
        return error

    def _reason(self, error: KafkaError | None) -> str:
        if error is not None and error.code() in _REFUSED:
            return f"Kafka at {self._bootstrap} refused the account {self._account}: wrong name, password or mechanism"
        if error is not None and error.code() == _ALL_DOWN:
            return f"Kafka at {self._bootstrap} takes no connection: it is starting, or wants another security protocol"
        return f"Kafka at {self._bootstrap} does not answer: {error.str() if error else 'no reply in time'}"

    @property
    def _account(self) -> str:
        return self._security.get("username", "without a name")


def _severity(error: KafkaError) -> int:
    # "All brokers are down" follows each real reason and would hide it.
    return 2 if error.code() in _REFUSED else 0 if error.code() == _ALL_DOWN else 1


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
