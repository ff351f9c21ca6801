from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from server import errors
from server.errors import InvalidRequest, NotBuilt, NotFound, OmnishelfError, Violation
from server.rpc.status import CODES, code_of, internal_status, status_of


def _details(
    status: status_pb2.Status,
) -> tuple[error_details_pb2.ErrorInfo, error_details_pb2.BadRequest]:
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(bad)
    return info, bad


def test_the_table_knows_every_error() -> None:
    ours = {
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, OmnishelfError)
    }
    assert set(CODES) == ours - {OmnishelfError}


def test_a_kind_of_a_known_error_has_its_code() -> None:
    class CatalogNotFound(NotFound):
        pass

    assert code_of(CatalogNotFound("gone")) is grpc.StatusCode.NOT_FOUND
    assert code_of(OmnishelfError("something")) is grpc.StatusCode.INTERNAL


def test_an_error_keeps_its_reason_and_its_facts() -> None:
    status = status_of(NotFound("no such catalog", reason="CATALOG_NOT_FOUND", catalog="luma"))
    assert (status.code, status.message) == (5, "no such catalog")
    info, bad = _details(status)
    assert (info.domain, info.reason) == ("omnishelf", "CATALOG_NOT_FOUND")
    assert dict(info.metadata) == {"catalog": "luma"}
    assert not bad.field_violations


def test_facts_need_not_be_text() -> None:
    info, _ = _details(status_of(NotFound("gone", file=str(Path("a/b")))))
    assert dict(info.metadata) == {"file": "a/b"}


def test_what_is_not_built_names_the_field() -> None:
    status = status_of(NotBuilt("query[0].audio", "leave it out"))
    info, _ = _details(status)
    assert (status.code, info.reason, info.metadata["field"]) == (12, "NOT_BUILT", "query[0].audio")


def test_every_violation_is_listed() -> None:
    found = [
        Violation(field="parent", reason="CATALOG_NAME_INVALID", description="write ..."),
        Violation(field="query[1].text", reason="TEXT_BLANK", description="write words"),
    ]
    status = status_of(InvalidRequest(found))
    info, bad = _details(status)
    assert (status.code, info.reason) == (3, "INVALID_REQUEST")
    assert status.message == "parent: write ...; query[1].text: write words"
    listed = [(each.field, each.reason, each.description) for each in bad.field_violations]  # type: ignore[attr-defined] # the stub lags
    assert listed == [(each.field, each.reason, each.description) for each in found]


def test_a_single_violation_gives_the_whole_its_reason() -> None:
    violation = Violation(field="filter", reason="FILTER_SYNTAX", description="close the quote")
    info, _ = _details(status_of(InvalidRequest([violation])))
    assert info.reason == "FILTER_SYNTAX"


@pytest.mark.parametrize("letter", ["x", "鞋"])
def test_a_status_fits_into_the_metadata_a_caller_takes(letter: str) -> None:
    found = [
        Violation(field=f"products[{place}].title", reason="TITLE", description=letter * 900)
        for place in range(256)
    ]
    status = status_of(InvalidRequest(found))
    _, bad = _details(status)
    assert status.ByteSize() < 5_000
    last = bad.field_violations[-1]
    hidden = 256 - (len(bad.field_violations) - 1)
    assert last.description == f"{hidden} more violations; correct these first"
    assert len(bad.field_violations) > 5


def test_an_unforeseen_error_says_only_its_id() -> None:
    status = internal_status("abc123")
    info, _ = _details(status)
    assert (status.code, info.metadata["error_id"]) == (13, "abc123")
    assert "abc123" in status.message
