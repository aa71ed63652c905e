"""What is asked of a Kafka cluster itself: whether it answers, which topics there are, and their identities."""

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypedDict, TypeVar, Unpack

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # not in its __all__
from confluent_kafka.cimpl import NewTopic

_TRY_SECONDS = 3.0
_TRIES = 4  # together longer than a cluster takes to notice that a broker died
_CREATED_SECONDS = 10.0
_DOWN_SECONDS = 2.0  # for so long may every broker be away before that is the answer
_LOOK_SECONDS = 0.05
_REFUSED = (KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED)  # noqa: SLF001 - public in all but name
_NOT_PERMITTED = (
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
)
_ALL_DOWN = KafkaError._ALL_BROKERS_DOWN  # noqa: SLF001 - public in all but name
_REPLACED = KafkaError._DESTROY  # noqa: SLF001 - public in all but name
_NO_REPLY = (KafkaError._TIMED_OUT, KafkaError._TRANSPORT, _ALL_DOWN, _REPLACED)  # noqa: SLF001 - public in all but name


Asked = TypeVar("Asked")
"""What a question names: topics, or partitions."""


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


class _NoReplyError(Exception):
    """Nobody answered this once."""


class TopicError(ValueError):
    """A topic is not as it has to be, or cannot be made so; the message says which and why."""


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
        self._client = self._connect()

    async def cluster(self) -> None:
        """Return when the cluster answers."""
        self._require(await self._ask(lambda client: {"cluster": client.describe_cluster(request_timeout=_TRY_SECONDS)}))

    async def partitions(self, topics: Sequence[str]) -> dict[str, tuple[str, int]]:
        """Identity and number of partitions of each topic that exists."""
        if not topics:
            return {}
        asked = TopicCollection(list(topics))
        answers = await self._ask(lambda client: client.describe_topics(asked, request_timeout=_TRY_SECONDS))
        self._require(answers, but=KafkaError.UNKNOWN_TOPIC_OR_PART)
        return {
            topic: (str(answer.topic_id), len(answer.partitions))
            for topic, answer in answers.items()
            if not isinstance(answer, KafkaException)
        }

    async def topic_ids(self, topics: Sequence[str]) -> dict[str, str]:
        """Identity of each topic that exists; a topic that was deleted and made again has another."""
        return {topic: topic_id for topic, (topic_id, _) in (await self.partitions(topics)).items()}

    async def ends(self, topics: Mapping[str, int]) -> dict[tuple[str, int], int]:
        """The offset after the last record of each partition, of topics with so many partitions.

        Raises `ConnectionError` while one of them has no leader that answers: of that one librdkafka says no error, but no offset either.
        """
        if not topics:
            return {}
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # the library does not type it
        wanted = {TopicPartition(topic, n): latest for topic, count in topics.items() for n in range(count)}
        answers = await self._ask(lambda client: client.list_offsets(wanted, request_timeout=_TRY_SECONDS))
        self._require(answers)
        silent = [f"{at.topic}[{at.partition}]" for at, answer in answers.items() if answer.offset < 0]
        if silent:
            raise ConnectionError(f"Kafka at {self._bootstrap}: nobody answers for {', '.join(sorted(silent))}")
        return {(at.topic, at.partition): answer.offset for at, answer in answers.items()}

    async def create(self, topics: Sequence[NewTopic]) -> None:
        """Create topics; one that exists already is left as it is. Raises `TopicError` for what the cluster does not make."""
        answers = await self._ask(lambda client: client.create_topics(list(topics), request_timeout=_TRY_SECONDS))
        for error in _errors(answers, but=KafkaError.TOPIC_ALREADY_EXISTS):
            raise TopicError(f"Kafka at {self._bootstrap} does not make topics: {error.args[0].str()}") from error

    def _require(self, answers: Mapping[Any, Any], *, but: int | None = None) -> None:
        for error in _errors(answers, but=but):
            raise ConnectionError(self._reason(error.args[0])) from error

    def _connect(self) -> AdminClient:
        settings: dict[str, Any] = {
            "bootstrap.servers": self._bootstrap,
            "error_cb": self._note,
            "log_level": 0,  # librdkafka writes to stderr; what matters of it reaches `_note`
            "reconnect.backoff.max.ms": 1_000,  # ten seconds would be as long as an answer may take
            **librdkafka_security(self._security),
        }
        return AdminClient(settings)

    async def _ask(self, question: Callable[[AdminClient], Mapping[Asked, "Future[Any]"]]) -> dict[Asked, Any]:
        """Answers by name; an error that concerns one of them stands in its place."""
        for _ in range(_TRIES):
            client = self._client
            try:
                return await self._ask_once(question(client))
            except _NoReplyError:
                # librdkafka waits for a controller that died to come back, so somebody new has to ask for the new one.
                if self._client is client:  # another question may have been given up meanwhile
                    self._client = self._connect()
        raise ConnectionError(self._reason(self._worst))

    async def _ask_once(self, futures: Mapping[Asked, "Future[Any]"]) -> dict[Asked, Any]:
        self._client.poll(0)  # what went wrong in the background earlier says nothing about this question
        self._worst = None
        waiting = {asyncio.wrap_future(future) for future in futures.values()}
        for each in waiting:
            each.add_done_callback(_seen)
        began = time.monotonic()
        while (await asyncio.wait(waiting, timeout=_LOOK_SECONDS))[1]:
            self._client.poll(0)
            self._give_up(time.monotonic() - began)
        answers = {name: future.exception() or future.result() for name, future in futures.items()}
        for answer in answers.values():
            if isinstance(answer, KafkaException):
                self._refuse(answer.args[0])
        self._all_down = False
        return answers

    def _give_up(self, waited: float) -> None:
        refused = self._worst is not None and self._worst.code() in _REFUSED
        if refused or (self._all_down and waited > _DOWN_SECONDS):
            raise ConnectionError(self._reason(self._worst))
        if waited > _TRY_SECONDS + 1:
            raise _NoReplyError

    def _refuse(self, error: KafkaError) -> None:
        """Raise for what concerns the whole question."""
        if error.code() in _REFUSED:
            raise ConnectionError(self._reason(error))
        if error.code() in _NOT_PERMITTED:
            raise PermissionError(f"Kafka at {self._bootstrap} does not permit the account {self._account}: {error.str()}")
        if error.code() in _NO_REPLY or error.retriable():
            self._note(error)
            raise _NoReplyError

    def _note(self, error: KafkaError) -> None:
        self._all_down = self._all_down or error.code() == _ALL_DOWN
        if self._worst is None or _severity(error) >= _severity(self._worst):
            self._worst = error

    def _reason(self, error: KafkaError | None) -> str:
        if error is not None and error.code() in _REFUSED:
            return f"Kafka at {self._bootstrap} refused the account {self._account}: wrong name, password or mechanism"
        if error is not None and error.code() == _ALL_DOWN:
            return f"Kafka at {self._bootstrap} takes no connection: it is starting, or wants another security protocol"
        return f"Kafka at {self._bootstrap} does not answer: {error.str() if error else 'no reply in time'}"

    @property
    def _account(self) -> str:
        return self._security.get("username", "without a name")


def _errors(answers: Mapping[Any, Any], *, but: int | None) -> list[KafkaException]:
    return [a for a in answers.values() if isinstance(a, KafkaException) and a.args[0].code() != but]


def _seen(answer: "asyncio.Future[Any]") -> None:
    # An answer that comes after its question was given up is nobody's; asked for, its exception is not reported.
    if not answer.cancelled():
        answer.exception()


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

    Raises `TopicError` for one that exists with another number of partitions: keys would change partitions, and with
    them lose their order.
    """
    admin = KafkaAdmin(bootstrap, security)
    there = await admin.partitions(list(topics))
    missing = [topic for topic in topics if topic not in there]
    settings = dict(config or {})
    if missing:
        await admin.create([NewTopic(t, topics[t], replication, config=settings) for t in missing])
    async with asyncio.timeout(_CREATED_SECONDS):
        while len(there) < len(topics):
            there = await admin.partitions(list(topics))
            await asyncio.sleep(0.05)
    for topic, wanted in topics.items():
        if there[topic][1] != wanted:
            raise TopicError(f"topic {topic} has {there[topic][1]} partitions, not {wanted}")
