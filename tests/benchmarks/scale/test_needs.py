"""What a size takes, and the refusal of what does not fit, with numbers."""

import pytest

from benchmarks.scale.engines import ENGINES
from benchmarks.scale.needs import COSTS, Need, Room, need, refuse_what_does_not_fit
from server.errors import InvalidRequest

PLENTY = Room(memory_mb=1e6, disk_mb=1e6, seconds=1e6)


def made(engine: str = "exact", *, memory: float = 1, disk: float = 1, seconds: float = 1) -> Need:
    return Need(engine=engine, products=10_000, memory_mb=memory, disk_mb=disk, seconds=seconds)


def test_every_engine_has_a_cost() -> None:
    assert COSTS.keys() == ENGINES.keys()


def test_a_need_grows_with_the_bytes_of_the_vectors() -> None:
    small, large = (need("exact", size, dimension=100) for size in (10_000, 20_000))
    # 10,000 vectors of 100 float32 are 4 MB; the exact engine holds them 1.1 times.
    assert small.memory_mb == pytest.approx(4.4)
    assert small.disk_mb == pytest.approx(4.0)
    assert large.seconds == pytest.approx(2 * small.seconds)


def test_a_graph_takes_more_a_vector_the_more_there_are() -> None:
    small, large = (need("milvus-hnsw", size, dimension=384) for size in (1_000, 1_000_000))
    # log(1,000) is half of log(1,000,000).
    assert large.seconds == pytest.approx(1_000 * 2 * small.seconds)


def test_what_fits_is_not_refused() -> None:
    refuse_what_does_not_fit([made(), made("lite-flat")], PLENTY)


@pytest.mark.parametrize(
    ("lacking", "room"),
    [
        ("memory", Room(memory_mb=1_500, disk_mb=1e6, seconds=1e6)),
        ("disk", Room(memory_mb=1e6, disk_mb=1_500, seconds=1e6)),
        ("time", Room(memory_mb=1e6, disk_mb=1e6, seconds=599)),
    ],
)
def test_what_does_not_fit_is_refused_with_numbers(lacking: str, room: Room) -> None:
    with pytest.raises(InvalidRequest) as refused:
        refuse_what_does_not_fit([made(memory=600, disk=600, seconds=600)], room)
    (violation,) = refused.value.violations
    assert f"600 {'s' if lacking == 'time' else 'MB'} of {lacking}" in violation.description
    assert f"{'599' if lacking == 'time' else '500'}" in violation.description
    assert violation.reason == "SIZE_DOES_NOT_FIT"


def test_sizes_of_one_engine_stand_in_memory_together_and_engines_do_not() -> None:
    room = Room(memory_mb=2_000, disk_mb=1e6, seconds=1e6)
    refuse_what_does_not_fit([made("exact", memory=600), made("lite-flat", memory=600)], room)
    with pytest.raises(InvalidRequest):
        refuse_what_does_not_fit([made(memory=600), made(memory=600)], room)


def test_all_that_does_not_fit_is_said_at_once() -> None:
    none = Room(memory_mb=0, disk_mb=0, seconds=0)
    with pytest.raises(InvalidRequest) as refused:
        refuse_what_does_not_fit([made(), made("lite-flat")], none)
    assert len(refused.value.violations) == 6
