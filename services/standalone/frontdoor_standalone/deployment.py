"""What one partnership consists of when it runs: its services, their schemas and topics, and the secrets between them."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from frontdoor_chassis.directory import Directory, load_directory
from frontdoor_gateway.settings import schema_of
from frontdoor_schemas.topics import FAMILIES, RECEIPTS, to_gateway
from frontdoor_standalone.servers import deploy_folder

ROUTER, NOTIFIER = "router", "notifier"
FAMILY_PARTITIONS = 4
"""Enough for a few routers side by side; an area's events are some a second at most."""
SECRET_BYTES = 32


class UnknownPackError(LookupError):
    """No such pack; the message says which there are."""


def pack_names() -> list[str]:
    """The packs that come with the project, in order."""
    return sorted(path.parent.name for path in deploy_folder("partnerships").glob("*/agencies.toml"))


def pack_folder(name: str) -> Path:
    """The folder of a pack: by its name, or by its path. Raises `UnknownPackError`."""
    known = deploy_folder("partnerships")
    for folder in (known / name, Path(name)):
        if (folder / "agencies.toml").is_file():
            return folder.resolve()
    raise UnknownPackError(f"no pack “{name}”; there are {', '.join(pack_names())}, or give a folder")


def _secret() -> str:
    return secrets.token_hex(SECRET_BYTES)


@dataclass(frozen=True, slots=True)
class Secrets:
    """Made up once for a partnership and kept with its data. Never shown, never logged."""

    writers: Mapping[str, str] = field(repr=False)
    """Signing key of every gateway, of the router and of the notifier."""
    identity: str = field(default_factory=_secret, repr=False)
    sealing: str = field(default_factory=_secret, repr=False)
    admin: str = field(default_factory=_secret, repr=False)
    rehearsal: str = field(default_factory=_secret, repr=False)

    @classmethod
    def fresh(cls, directory: Directory) -> "Secrets":
        """New ones for every service of a pack."""
        return cls({name: _secret() for name in (*directory.gateways(), ROUTER, NOTIFIER)})

    @classmethod
    def kept(cls, file: Path, directory: Directory) -> "Secrets":
        """Those of a file, for its owner only; services that the pack has gained since get theirs."""
        found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else asdict(cls.fresh(directory))
        found["writers"] = {**asdict(cls.fresh(directory))["writers"], **found["writers"]}
        write_secretly(file, json.dumps(found, indent=1))
        return cls(**found)


def write_secretly(file: Path, text: str) -> None:
    """Write a file that nobody but its owner may read, whatever was there before."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as handle:
        handle.write(text)
    unfinished.replace(file)


@dataclass(frozen=True, slots=True)
class Deployment:
    """A pack with everything that its services have to agree upon."""

    pack: Path
    directory: Directory
    secrets: Secrets

    @classmethod
    def of(cls, pack: Path, secrets_file: Path | None = None) -> "Deployment":
        """A partnership with secrets of its own, kept in a file or for this run only. Raises `PackError`."""
        directory = load_directory(pack)
        found = Secrets.kept(secrets_file, directory) if secrets_file else Secrets.fresh(directory)
        return cls(pack, directory, found)

    @property
    def schemas(self) -> dict[str, str]:
        """Schema (and role) by service."""
        return {**{g: schema_of(g) for g in self.directory.gateways()}, ROUTER: ROUTER, NOTIFIER: NOTIFIER}

    @property
    def topics(self) -> dict[str, int]:
        """Every topic with its number of partitions."""
        return {**dict.fromkeys((*FAMILIES, RECEIPTS), FAMILY_PARTITIONS), **{to_gateway(g): 1 for g in self.directory.gateways()}}

    def readers(self) -> dict[str, set[str]]:
        """Roles that may read each topic: exactly as a broker's access control would say."""
        found = {family: {ROUTER} for family in FAMILIES} | {RECEIPTS: {ROUTER, NOTIFIER}}
        return found | {to_gateway(g): {schema_of(g), NOTIFIER} for g in self.directory.gateways()}

    def writers(self) -> dict[str, set[str]]:
        """Roles that may write to each topic."""
        gateways = {schema_of(g) for g in self.directory.gateways()}
        found = dict.fromkeys(FAMILIES, gateways) | {RECEIPTS: gateways | {NOTIFIER}}
        return found | {to_gateway(g): {ROUTER} for g in self.directory.gateways()}
