"""`frontdoor migrate` on a real PostgreSQL and a real Kafka with accounts: schemas, and every topic of a pack."""

import asyncio
from collections.abc import Iterator, Mapping

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._scram import ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion
from typer.testing import CliRunner, Result

from frontdoor_chassis.bus.kafka_admin import KafkaAdmin, Security, ensure_topics, librdkafka_security
from frontdoor_schemas.topics import FAMILIES, RECEIPTS
from frontdoor_standalone.__main__ import command_line
from frontdoor_standalone.servers.kafka import ADMIN, LocalKafka

HEAP_MB = 256
PASSWORD = "a-made-up-password"
GIVEN = Security(security_protocol="SASL_PLAINTEXT", username=ADMIN, password=PASSWORD)
ACCOUNT = {"FRONTDOOR_KAFKA_USER": ADMIN, "FRONTDOOR_KAFKA_PASSWORD": PASSWORD, "FRONTDOOR_KAFKA_PROTOCOL": "SASL_PLAINTEXT"}
STOCKTON = {**dict.fromkeys((*FAMILIES, RECEIPTS), 4), "to.police": 1, "to.schools": 1, "to.hub": 1}


@pytest.fixture(scope="module")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One broker where the administrator has a SCRAM account, as services have."""
    with LocalKafka(tmp_path_factory.mktemp("kafka"), heap_mb=HEAP_MB, accounts={ADMIN: PASSWORD}) as cluster:
        client = AdminClient({"bootstrap.servers": cluster.bootstrap, **librdkafka_security(GIVEN)})
        account = UserScramCredentialUpsertion(ADMIN, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), PASSWORD.encode())
        for future in client.alter_user_scram_credentials([account]).values():
            future.result(timeout=30)
        yield cluster.bootstrap


def migrate(*arguments: str, account: Mapping[str, str] = ACCOUNT) -> Result:
    """Run it, on a wide terminal."""
    return CliRunner().invoke(command_line(), ["migrate", *arguments], env={"COLUMNS": "500", **account})


def topics(bootstrap: str, *asked: str) -> dict[str, int]:
    """Those of the asked that there are, with their partitions."""
    found = asyncio.run(KafkaAdmin(bootstrap, GIVEN).partitions(asked))
    return {topic: partitions for topic, (_, partitions) in found.items()}


@pytest.mark.needs_kafka
def test_every_topic_of_the_pack_is_made_once_and_what_is_there_stays(brokers: str, database: str) -> None:
    asked = ("--dsn", database, "--kafka", brokers, "--replication", "1")
    for _ in range(2):
        done = migrate(*asked)
        assert done.exit_code == 0, done.output
        assert "up to date: gateway_" in done.output
        assert f"topics: {', '.join(FAMILIES)}" in done.output
        assert topics(brokers, *STOCKTON) == STOCKTON


@pytest.mark.needs_kafka
def test_more_copies_than_there_are_brokers_are_said_and_not_made(brokers: str, database: str) -> None:
    done = migrate("--dsn", database, "--kafka", brokers, "--pack", "harbourside")
    assert done.exit_code == 2
    assert "does not make topics" in done.output
    assert "replication factor" in done.output.lower()
    assert topics(brokers, "to.coast", "to.learning", "to.mash") == {}


@pytest.mark.needs_kafka
def test_a_topic_with_other_partitions_is_said_and_left(brokers: str, database: str) -> None:
    asyncio.run(ensure_topics(brokers, {"to.community": 2}, replication=1, **GIVEN))
    done = migrate("--dsn", database, "--kafka", brokers, "--replication", "1", "--pack", "wokingham")
    assert done.exit_code == 2
    assert "topic to.community has 2 partitions, not 1" in done.output
    assert topics(brokers, "to.community") == {"to.community": 2}


@pytest.mark.needs_kafka
@pytest.mark.parametrize(
    ("account", "says"),
    [
        ({**ACCOUNT, "FRONTDOOR_KAFKA_PASSWORD": "another-made-up-password"}, "refused the account admin"),
        ({"FRONTDOOR_KAFKA_USER": ADMIN}, "kafka_user and kafka_password go together"),
    ],
)
def test_an_account_that_the_broker_or_the_settings_refuse_is_said_in_a_line(
    brokers: str, database: str, account: dict[str, str], says: str
) -> None:
    done = migrate("--dsn", database, "--kafka", brokers, "--replication", "1", account=account)
    assert done.exit_code == 2
    assert says in done.output
    assert PASSWORD not in done.output


def test_without_a_broker_it_says_that_there_are_no_topics(database: str) -> None:
    done = migrate("--dsn", database, account={})
    assert done.exit_code == 0
    assert "no topics made: give --kafka" in done.output


def test_a_broker_that_is_not_there_is_said_when_the_schemas_are_done(database: str) -> None:
    done = migrate("--dsn", database, "--kafka", "127.0.0.1:1", "--replication", "1", account={})
    assert done.exit_code == 2
    assert "up to date: gateway_" in done.output
    assert "Kafka at 127.0.0.1:1 " in done.output
