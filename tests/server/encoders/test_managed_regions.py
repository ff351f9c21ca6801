"""Names of a managed Triton's shared memory: its own, and the same at every start."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from server.encoders import managed_regions
from server.encoders.managed_regions import region_prefix, remove_regions


def test_a_folder_has_one_prefix_and_shares_it_with_no_other(tmp_path: Path) -> None:
    first = region_prefix(tmp_path / "a")
    assert re.fullmatch(r"omnishelf_[0-9a-f]{12}_", first)
    assert region_prefix(tmp_path / "a") == first
    assert region_prefix(tmp_path / "b") != first


@pytest.mark.parametrize("kept", ["", "*", "omnishelf_", "../omnishelf_0123456789ab_"])
def test_a_damaged_file_names_nothing(tmp_path: Path, kept: str) -> None:
    (tmp_path / "region_prefix").write_text(kept, "ascii")
    drawn = region_prefix(tmp_path)
    assert re.fullmatch(r"omnishelf_[0-9a-f]{12}_", drawn)
    assert region_prefix(tmp_path) == drawn


def test_only_its_own_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(managed_regions, "SHARED_MEMORY", tmp_path)
    for name in ("omnishelf_00_a", "omnishelf_00_b", "omnishelf_01_a", "other"):
        (tmp_path / name).touch()
    assert remove_regions("omnishelf_00_") == 2
    assert {each.name for each in tmp_path.iterdir()} == {"omnishelf_01_a", "other"}
    assert remove_regions("omnishelf_00_") == 0
