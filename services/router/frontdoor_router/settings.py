"""Everything that the router can be told from outside."""

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from frontdoor_chassis.bus.settings import BusSettings


class RouterSettings(BusSettings):
    """Read from the environment, prefix `FRONTDOOR_ROUTER_`."""

    model_config = SettingsConfigDict(env_prefix="FRONTDOOR_ROUTER_", frozen=True, extra="forbid")

    environment: Literal["production", "rehearsal"] = Field("production", description="`rehearsal` allows a clock that can be set")
    dsn: SecretStr = Field(description="PostgreSQL, as the login that may take on the role `router`")
    schema_name: str = Field("router", description="The router's own schema")
    role: str | None = Field("router", description="Role to take on after login; none: the login is the role")
    pack: Path = Field(description="Folder of the partnership's pack")
    signing_key: SecretStr = Field(description="Key by which the router signs what it sends")
    writer_keys: dict[str, SecretStr] = Field(description="Signing keys of all gateways and of `notifier`, by name")
    identity_secret: SecretStr = Field(
        description="Secret under which identifiers are hashed and ids are made; changing it forgets everybody"
    )
    admin_token: SecretStr = Field(description="Bearer token of the admin interface")
    reader_tokens: tuple[SecretStr, ...] = Field((), description="Bearer tokens of the partnership's readers: figures, and nothing else")
    rehearsal_token: SecretStr | None = Field(None, description="Token of the rehearsal routes")
    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8090, description="Port to listen on")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    batch: int = Field(100, description="Events decided in one transaction, at most", ge=1, le=100)
    others_close_after: timedelta = Field(
        timedelta(days=3), description="When 'other services' turns to closed in a publisher's ledger, whatever happened"
    )

    @model_validator(mode="after")
    def _no_settable_clock_in_production(self) -> "RouterSettings":
        if self.environment == "production" and self.rehearsal_token is not None:
            raise ValueError("rehearsal_token is refused in production: a clock that can be set proves nothing")
        return self
