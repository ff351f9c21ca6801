from pathlib import Path

from server.address import announced, announced_address


def test_an_address_counts_while_its_server_lives(tmp_path: Path) -> None:
    path = tmp_path / "new" / "server.address"
    assert announced_address(path) is None
    with announced(path, "127.0.0.1:8700"):
        assert announced_address(path) == "127.0.0.1:8700"
    assert announced_address(path) is None


def test_what_a_killed_server_left_counts_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "server.address"
    path.write_text("127.0.0.1:8700", "utf-8")
    assert announced_address(path) is None


def test_a_second_server_leaves_the_first_announced(tmp_path: Path) -> None:
    path = tmp_path / "server.address"
    with announced(path, "first:1"):
        with announced(path, "second:2"):
            assert announced_address(path) == "first:1"
        assert announced_address(path) == "first:1"
