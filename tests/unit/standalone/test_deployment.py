"""What a partnership's services share: secrets for their owner alone, topics with exactly their readers and writers."""

import json
import stat
from pathlib import Path

import pytest

from frontdoor_standalone.configuring import Surroundings, gateway_settings, notifier_settings, router_settings
from frontdoor_standalone.deployment import Deployment, UnknownPackError, pack_folder, write_secretly
from frontdoor_standalone.processes import environment_of

AROUND = Surroundings("postgresql://nobody@/none", rehearsal=True, mail_port=2525)


@pytest.fixture
def deployment() -> Deployment:
    return Deployment.of(pack_folder("stockton"))


def test_a_secret_file_is_for_its_owner_alone_whatever_was_there(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("old")
    file.chmod(0o644)
    write_secretly(file, "new")
    assert file.read_text() == "new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_secrets_are_kept_and_shown_nowhere(tmp_path: Path) -> None:
    first = Deployment.of(pack_folder("stockton"), tmp_path / "secrets.json")
    again = Deployment.of(pack_folder("stockton"), tmp_path / "secrets.json")
    assert first.secrets == again.secrets
    every = [*first.secrets.writers.values(), first.secrets.identity, first.secrets.sealing, first.secrets.admin, first.secrets.rehearsal]
    assert len(set(every)) == len(every)
    assert not any(secret in repr(first) for secret in every)


def test_a_gateway_that_a_pack_gains_gets_a_key_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    Deployment.of(pack_folder("stockton"), file)
    kept = json.loads(file.read_text())
    del kept["writers"]["schools"]
    file.write_text(json.dumps(kept))
    again = Deployment.of(pack_folder("stockton"), file)
    assert "schools" in again.secrets.writers
    assert again.secrets.writers["police"] == kept["writers"]["police"]


def test_only_the_router_writes_to_gateways_and_only_it_reads_families(deployment: Deployment) -> None:
    readers, writers = deployment.readers(), deployment.writers()
    assert set(readers) == set(writers) == set(deployment.topics)
    assert writers["to.police"] == {"router"}
    assert readers["to.police"] == {"gateway_police", "notifier"}
    assert readers["referrals"] == {"router"}
    assert "notifier" not in writers["referrals"]


def test_no_pack_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(UnknownPackError, match="stockton"):
        pack_folder("nowhere")


def test_settings_come_through_an_environment_unchanged(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    for settings in (
        gateway_settings(deployment, "police", AROUND),
        router_settings(deployment, AROUND),
        notifier_settings(deployment, AROUND),
    ):
        with monkeypatch.context() as environment:
            for name, value in environment_of(settings).items():
                environment.setenv(name, value)
            assert type(settings)() == settings
