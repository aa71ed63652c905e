"""Everything that the notifier can be told from outside."""

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from frontdoor_chassis.bus.settings import BusSettings
from frontdoor_notifier.core.steps import KEEP_TRYING


class NotifierSettings(BusSettings):
    """Read from the environment, prefix `FRONTDOOR_NOTIFIER_`."""

    model_config = SettingsConfigDict(env_prefix="FRONTDOOR_NOTIFIER_", frozen=True, extra="forbid")

    environment: Literal["production", "rehearsal"] = Field("production", description="`rehearsal` allows a clock that can be set")
    dsn: SecretStr = Field(description="PostgreSQL, as the login that may take on the role `notifier`")
    schema_name: str = Field("notifier", description="The notifier's own schema")
    role: str | None = Field("notifier", description="Role to take on after login; none: the login is the role")
    pack: Path = Field(description="Folder of the partnership's pack, or its agencies.toml")
    signing_key: SecretStr = Field(description="Key by which the notifier signs its receipts")
    writer_keys: dict[str, SecretStr] = Field(description="Signing keys of `router` and of all gateways, by name")
    secret_key: SecretStr = Field(description="Key under which endpoints' secrets are sealed in the table; losing it loses them")
    admin_token: SecretStr = Field(description="Bearer token of the admin interface; its use is audited as `admin`")
    admin_tokens: dict[str, SecretStr] = Field({}, description="Further bearer tokens, by the name under which their use is audited")
    rehearsal_token: SecretStr | None = Field(None, description="Token of the rehearsal routes")
    instance: str | None = Field(
        None,
        description="A name that no two running processes share; started again under it, a process takes its own leases over at once",
    )
    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8091, description="Port to listen on")
    log_level: str = Field("INFO", description="DEBUG (a line for each attempt), INFO, WARNING or ERROR")

    plain_http: bool = Field(False, description="Whether endpoints may be http: within one machine or a closed network only")
    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        (), description="Networks that webhooks may reach although they are not public, as a JSON list; none by default"
    )
    ca_file: Path | None = Field(None, description="Certificate authorities to trust in place of the system's")
    timeout: timedelta = Field(timedelta(seconds=15), gt=timedelta(0), description="Time for one attempt, connection included")
    keep_trying: timedelta = Field(KEEP_TRYING, ge=KEEP_TRYING, description="Time for which a delivery is tried")
    block_margin: timedelta = Field(
        timedelta(minutes=15), description="How long before its deadline a delivery stops waiting for one before it"
    )
    gap_patience: timedelta = Field(timedelta(seconds=60), description="How long a missing number holds up later ones")
    lease: timedelta = Field(timedelta(seconds=20), description="How long an instance that died keeps others from its endpoints")
    drain: timedelta = Field(timedelta(seconds=16), description="Time for attempts under way when stopping")
    keep: timedelta = Field(timedelta(days=90), ge=timedelta(days=14), description="How long settled deliveries are kept, without content")

    smtp_host: str | None = Field(None, description="Mail server for reminders; none: reminders are refused, visibly")
    smtp_port: int = Field(587, description="Its port")
    smtp_tls: Literal["starttls", "implicit", "none"] = Field("starttls", description="How the connection to it is protected")
    smtp_username: str | None = Field(None, description="Account at the mail server")
    smtp_password: SecretStr | None = Field(None, description="Its password")
    mail_from: str = Field("frontdoor@frontdoor.example", description="Sender of reminders")

    @model_validator(mode="after")
    def _no_settable_clock_in_production(self) -> "NotifierSettings":
        if self.environment == "production" and self.rehearsal_token is not None:
            raise ValueError("rehearsal_token is refused in production: a clock that can be set proves nothing")
        return self

    @model_validator(mode="after")
    def _lease_outlasts_an_attempt(self) -> "NotifierSettings":
        if self.lease <= self.timeout:
            raise ValueError("lease has to be longer than timeout: an attempt is not begun on a lease that ends before it")
        return self
