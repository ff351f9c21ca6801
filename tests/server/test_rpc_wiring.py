"""How many searches are worked on at one time, as the settings and the machine say."""

import os

import pytest

from server.rpc_wiring import searches_at_once
from server.settings import load_settings

CORES = os.cpu_count() or 1


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({}, CORES + 1),
        ({"server.searches_at_once": 7}, 7),
        ({"server.processes": CORES}, 2),
        ({"server.processes": 4 * CORES}, 1),
        ({"encoder.kind": "triton"}, 0),
        ({"retrieval.uri": "http://127.0.0.1:19530"}, 0),
        ({"retrieval.uri": "http://127.0.0.1:19530", "server.searches_at_once": 7}, 7),
    ],
)
def test_searches_take_turns_where_they_share_cores(
    flags: dict[str, object], expected: int
) -> None:
    assert searches_at_once(load_settings(flags=flags)) == expected
