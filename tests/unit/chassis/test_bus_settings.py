"""The account under which a service goes to Kafka: a whole one or none."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from frontdoor_chassis.bus.settings import BusSettings

PASSWORD = "a-made-up-password"


def test_without_an_account_there_is_nothing_to_say() -> None:
    assert BusSettings().security == {}


def test_an_account_goes_over_tls_unless_it_is_told_otherwise() -> None:
    made = BusSettings(kafka_user="router", kafka_password=SecretStr(PASSWORD), kafka_ca_file=Path("ca.pem"))
    assert made.security == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "username": "router",
        "password": PASSWORD,
        "ca_file": "ca.pem",
    }


@pytest.mark.parametrize("half", [{"kafka_user": "router"}, {"kafka_password": PASSWORD}])
def test_half_an_account_is_refused_and_its_password_not_repeated(half: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="go together") as refused:
        BusSettings.model_validate(half)
    assert PASSWORD not in str(refused.value)
