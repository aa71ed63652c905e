"""How a service of its own finds Kafka, and as whom: the same settings for each."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from frontdoor_chassis.bus.kafka_admin import Security


class BusSettings(BaseSettings):
    """To be inherited by a service's settings, under whose prefix they are read."""

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    kafka: str = Field("127.0.0.1:9092", description="Kafka's bootstrap servers, comma separated")
    kafka_user: str | None = Field(None, description="SCRAM account of this service; none for a broker without accounts")
    kafka_password: SecretStr | None = Field(None, description="Its password")
    kafka_protocol: Literal["SASL_SSL", "SASL_PLAINTEXT"] = Field(
        "SASL_SSL", description="With an account; SASL_PLAINTEXT only on a network of its own"
    )
    kafka_ca_file: Path | None = Field(None, description="Certificates to trust for SASL_SSL, where the system's do not do")

    @model_validator(mode="after")
    def _a_whole_account(self) -> "BusSettings":
        if (self.kafka_user is None) != (self.kafka_password is None):
            raise ValueError("kafka_user and kafka_password go together: one alone would go to the broker without any account")
        return self

    @property
    def security(self) -> Security:
        """For `KafkaBus`."""
        if self.kafka_user is None or self.kafka_password is None:
            return Security()
        account = Security(
            security_protocol=self.kafka_protocol,
            sasl_mechanism="SCRAM-SHA-512",
            username=self.kafka_user,
            password=self.kafka_password.get_secret_value(),
        )
        return account if self.kafka_ca_file is None else Security(**account, ca_file=str(self.kafka_ca_file))
