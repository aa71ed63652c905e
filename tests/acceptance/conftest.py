"""What acceptance tests share: how to start an exchange on the session's servers."""

import pytest

from frontdoor_standalone.launching import in_this_process, on_kafka
from frontdoor_standalone.rehearsal.clock import OVER_A_BROKER
from frontdoor_standalone.rehearsal.runner import Runner
from support.servers import Kafka, Postgres


@pytest.fixture
def standalone(postgres: Postgres) -> Runner:
    """Plays scenarios on all services in this process."""
    return Runner(launch=in_this_process(postgres))


@pytest.fixture
def processes(postgres: Postgres, kafka: Kafka) -> Runner:
    """Plays scenarios on one process per service, on a real Kafka."""
    return Runner(launch=on_kafka(postgres, bootstrap=kafka.bootstrap, may_remove_topics=True), rest=OVER_A_BROKER)
