import numpy as np
import pytest
from google.protobuf.duration_pb2 import Duration
from hypothesis import given, settings
from hypothesis import strategies as st
from omnishelf.v1 import search_service_pb2 as pb

from benchmarks.load.measured import Float64Array, Mark, MeasuredRound, Plan, Used
from benchmarks.load.replies import Told, told_by_search
from benchmarks.load.summary import stage_table, summarise
from benchmarks.results.values import Quality
from benchmarks.workloads.workload import Kind, Question, Workload

WORKLOAD = Workload(
    name="two",
    catalog="shop",
    data="",
    questions=(
        Question(kind=Kind.TEXT, request=b"a", query_id="q"),
        Question(kind=Kind.PICTURE, request=b"b"),
    ),
)
REPLY = pb.SearchProductsResponse(
    stages=[
        pb.StageTiming(stage="encode", duration=Duration(nanos=2_000_000)),
        pb.StageTiming(stage="retrieve", duration=Duration(nanos=5_000_000)),
    ],
    fallbacks=[pb.Fallback(stage="rank", used="retrieval_order", reason="DEADLINE")],
).SerializeToString()


def four() -> MeasuredRound:
    """Return four requests at four a second: two answered, one refused, one never heard of."""
    return MeasuredRound(
        plan=Plan(
            due_seconds=np.array([0.0, 0.25, 0.5, 0.75]), places=np.array([0, 1, 0, 1], np.int32)
        ),
        sent_seconds=np.array([0.001, 0.251, 0.501, 0.751]),
        done_seconds=np.array([0.010, 0.290, 0.502, np.nan]),
        statuses=("OK", "OK", "RESOURCE_EXHAUSTED", "UNANSWERED"),
        replies=(REPLY, REPLY, b"", b""),
        started_at=0.0,
        used={"server": Used(cpu_seconds=0.08, resident_mb=300.0)},
        marks=(Mark(name="MACHINE_BUSY", invalid=False, text="."),),
    )


def test_figures_by_hand() -> None:
    found = summarise(four(), WORKLOAD)
    assert found.planned_rate == 4.0
    assert found.sent_rate == pytest.approx(4.0)
    assert found.seconds == pytest.approx(0.751)
    assert found.throughput == pytest.approx(2 / 0.751)
    assert found.statuses == {"OK": 2, "RESOURCE_EXHAUSTED": 1, "UNANSWERED": 1}
    assert found.fallbacks == {"rank:retrieval_order:DEADLINE": 2}
    assert found.latency.count == 2
    assert found.latency.mean_ms == pytest.approx((10 + 40) / 2)
    assert {kind: each.count for kind, each in found.by_kind.items()} == {"text": 1, "picture": 1}
    assert found.by_kind["picture"].mean_ms == pytest.approx(40.0)
    assert found.cpu_ms_a_request == {"server": pytest.approx(20.0)}
    assert found.resident_mb == {"server": 300.0}
    assert found.quality == Quality(judged=0)
    assert found.marks == four().marks
    assert found.valid


def test_stages_by_hand() -> None:
    rows = {row.stage: row.mean_ms for row in summarise(four(), WORKLOAD).stages}
    assert rows == pytest.approx({"encode": 2.0, "retrieve": 5.0, "wire": 25.0 - 7.0})


def test_the_judge_is_given_replies_and_their_questions() -> None:
    seen: list[object] = []

    def judge(workload: Workload, replies: tuple[bytes, ...], places: object) -> Quality:
        seen.extend([workload, replies, list(places)])  # type: ignore[call-overload]
        return Quality(judged=1, ndcg_at_10=0.5)

    assert summarise(four(), WORKLOAD, judge).quality.ndcg_at_10 == 0.5  # type: ignore[arg-type]
    assert seen == [WORKLOAD, (REPLY, REPLY, b"", b""), [0, 1, 0, 1]]


def test_a_round_in_which_nothing_was_sent() -> None:
    none = np.empty(0)
    measured = MeasuredRound(
        plan=four().plan, sent_seconds=none, done_seconds=none, statuses=(), replies=(),
        started_at=0.0,
    )  # fmt: skip
    found = summarise(measured, WORKLOAD)
    assert (found.latency.count, found.throughput, found.stages) == (0, 0.0, ())


def test_what_was_asked_for_is_told_where_arrivals_are_random() -> None:
    found = summarise(four(), WORKLOAD, rate=5.0, seconds=1.0)
    assert (found.planned_rate, found.seconds, found.throughput) == (5.0, 1.0, 2.0)


@settings(deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["queue", "encode", "rank", "other", "wire", "a_new_stage"]),
            st.floats(0, 0.1),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_rows_add_up_whatever_is_told(stages: list[dict[str, float]]) -> None:
    latency: Float64Array = np.linspace(0.6, 0.9, len(stages))
    rows = stage_table([Told(stage_seconds=each) for each in stages], latency_seconds=latency)
    assert sum(row.mean_ms for row in rows) == pytest.approx(latency.mean() * 1e3)
    assert len({row.stage for row in rows}) == len(rows)


def test_a_reply_of_something_else_tells_nothing() -> None:
    assert told_by_search(b"\xff\xff\xff") == Told()
