"""The settings of each service of one partnership, made from what the partnership shares."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from pydantic import SecretStr

from frontdoor_gateway.settings import GatewaySettings
from frontdoor_notifier.settings import NotifierSettings
from frontdoor_router.settings import RouterSettings
from frontdoor_standalone.deployment import NOTIFIER, ROUTER, Deployment

LOOPBACK = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What differs from run to run: where the database and the mail server are, and whether the clock can be set."""

    dsn: str
    rehearsal: bool = False
    mail_host: str = "127.0.0.1"
    mail_port: int | None = None


def gateway_settings(deployment: Deployment, name: str, around: Surroundings) -> GatewaySettings:
    """Of one gateway."""
    return GatewaySettings(
        name=name,
        environment="rehearsal",
        dsn=SecretStr(around.dsn),
        role=deployment.schemas[name],
        pack=deployment.pack,
        signing_key=SecretStr(deployment.secrets.writers[name]),
        router_key=SecretStr(deployment.secrets.writers[ROUTER]),
        metrics_token=SecretStr(deployment.secrets.admin),
        rehearsal_token=_token(deployment, around),
    )


def router_settings(deployment: Deployment, around: Surroundings) -> RouterSettings:
    """Of the router."""
    writers = {name: SecretStr(key) for name, key in deployment.secrets.writers.items() if name != ROUTER}
    return RouterSettings(
        environment="rehearsal",
        dsn=SecretStr(around.dsn),
        role=ROUTER,
        pack=deployment.pack,
        signing_key=SecretStr(deployment.secrets.writers[ROUTER]),
        writer_keys=writers,
        identity_secret=SecretStr(deployment.secrets.identity),
        admin_token=SecretStr(deployment.secrets.admin),
        rehearsal_token=_token(deployment, around),
    )


def notifier_settings(deployment: Deployment, around: Surroundings) -> NotifierSettings:
    """Of the notifier. Partners' systems are on this machine, so plain HTTP to it is allowed, and nothing beyond it."""
    secrets = deployment.secrets
    return NotifierSettings(
        instance="standalone",
        environment="rehearsal",
        dsn=SecretStr(around.dsn),
        role=NOTIFIER,
        pack=deployment.pack,
        signing_key=SecretStr(secrets.writers[NOTIFIER]),
        writer_keys={name: SecretStr(key) for name, key in secrets.writers.items() if name != NOTIFIER},
        secret_key=SecretStr(secrets.sealing),
        admin_token=SecretStr(secrets.admin),
        rehearsal_token=_token(deployment, around),
        plain_http=True,
        allowed_networks=LOOPBACK,
        smtp_host=around.mail_host if around.mail_port else None,
        smtp_port=around.mail_port or 587,
        smtp_tls="none",
    )


def _token(deployment: Deployment, around: Surroundings) -> SecretStr | None:
    return SecretStr(deployment.secrets.rehearsal) if around.rehearsal else None
