"""The example of settings is complete, loads, and changes nothing."""

from deploy.settings_example import EXAMPLE, render
from server.settings import Settings, load_settings


def test_the_file_is_what_the_settings_tree_gives() -> None:
    assert EXAMPLE.read_text(encoding="utf-8") == render(), "run `make settings` and commit it"


def test_the_file_loads_to_the_defaults() -> None:
    assert load_settings(EXAMPLE).model_dump() == Settings().model_dump()
