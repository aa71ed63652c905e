"""Servers that a machine without Docker can run by itself: PostgreSQL out of a wheel, Apache Kafka out of Maven."""

from pathlib import Path

import frontdoor_standalone


class ServerError(RuntimeError):
    """A server cannot be had; the message is one line and says what to do."""


def deploy_folder(name: str) -> Path:
    """The folder `deploy/<name>`: beside the code in a checkout, inside the package when installed from a wheel."""
    package = Path(frontdoor_standalone.__file__).parent
    installed = package / "data" / name
    return installed if installed.is_dir() else package.parents[2] / "deploy" / name
