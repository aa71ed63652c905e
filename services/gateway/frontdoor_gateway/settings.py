"""Settings of one gateway. Inner code gets values, never this."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from frontdoor_chassis.bus.settings import BusSettings


class GatewaySettings(BusSettings):
    """Read from the environment, `FRONTDOOR_GATEWAY_…`."""

    model_config = SettingsConfigDict(env_prefix="FRONTDOOR_GATEWAY_", frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description="This gateway's name in the pack; its topic is to.<name>")
    environment: Literal["production", "rehearsal"] = Field("production", description="A rehearsal may set the clock; production may not")
    dsn: SecretStr = Field(description="PostgreSQL, as postgresql://user@host/database")
    role: str | None = Field(None, description="Role to take on with SET ROLE, where the login is not the gateway's own role")
    pool_size: int = Field(8, ge=2, description="Most connections to PostgreSQL")
    pack: Path = Field(description="The partnership pack's folder, with agencies.toml")

    signing_key: SecretStr = Field(description="Signs this gateway's records, and keys the hashes of bodies; at least 32 characters")
    router_key: SecretStr = Field(description="With which the router signs what it sends here; at least 32 characters")

    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8080, description="Port to listen on")
    metrics_token: SecretStr | None = Field(None, min_length=1, description="Bearer token for /metrics; without it nobody reads it")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")

    max_event_bytes: int = Field(1_000_000, description="Largest event, in bytes of its request body")
    max_batch_bytes: int = Field(4 * 1024 * 1024, description="Largest batch, in bytes of its request body")
    max_batch_items: int = Field(500, le=500, description="Most events in a batch, and acknowledgements in a request")
    max_waiting: int = Field(10_000, description="Events in memory that wait to be stored; beyond that, 503")
    rate: float = Field(1_000.0, gt=0, description="Events a second that one key may post for long")
    burst: float = Field(5_000.0, gt=0, description="Events that one key may post at once")
    max_wait_seconds: float = Field(30.0, description="Longest long-poll, in seconds")
    max_answer_wait_seconds: float = Field(
        20.0, gt=0, description="Longest that a question waits for its answer (Prefer: wait), in seconds"
    )
    heartbeat_seconds: float = Field(15.0, description="A stream without news says so this often, in seconds")

    key_refresh_seconds: float = Field(5.0, description="How often API keys are read again, in seconds: a revoked key works for so long")
    overdue_seconds: float = Field(300.0, description="An event without an answer of the router is published again after so many seconds")
    sweep_seconds: float = Field(30.0, description="How often such events are looked for, in seconds")
    drain_seconds: float = Field(10.0, description="How long a stop may wait for what is under way, in seconds")

    rehearsal_token: SecretStr | None = Field(None, description="Opens /rehearsal, where a rehearsal sets the clock; refused in production")

    @property
    def schema_name(self) -> str:
        """The gateway's own schema, after which its role is named too."""
        return schema_of(self.name)

    @model_validator(mode="after")
    def _fit_for_the_environment(self) -> Self:
        if self.environment == "production" and self.rehearsal_token is not None:
            raise ValueError("rehearsal_token is for rehearsals: production has no settable clock")
        if min(len(key.get_secret_value()) for key in (self.signing_key, self.router_key)) < MIN_KEY:
            raise ValueError(f"signing_key and router_key have at least {MIN_KEY} characters")
        return self


def schema_of(gateway: str) -> str:
    """The PostgreSQL schema of a gateway. No two names of gateways give the same one: they have no underscores."""
    return "gateway_" + gateway.replace("-", "_")


MIN_KEY = 32
"""Characters of a key: 128 bits even when it is written in hexadecimal."""
