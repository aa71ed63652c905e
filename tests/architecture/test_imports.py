"""The rooms of the code: who may import whom, as contracts in pyproject.toml."""

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports


def test_the_import_contracts_hold() -> None:
    assert lint_imports(cache_dir=None) == EXIT_STATUS_SUCCESS
