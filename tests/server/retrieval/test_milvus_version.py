"""An old Milvus is refused by its version; any other may try."""

import pytest

from server.errors import FailedPrecondition
from server.retrieval.milvus_version import refuse_old


@pytest.mark.parametrize("version", ["2.3.5", "v2.3.22-dev", "v1.1.1", "2.0"])
def test_an_old_server_is_told_what_an_index_needs(version: str) -> None:
    with pytest.raises(FailedPrecondition, match=r"needs 2\.4 or later") as refused:
        refuse_old(version)
    assert refused.value.reason == "MILVUS_TOO_OLD"


@pytest.mark.parametrize("version", ["2.4.0", "v2.6.6", "3.0-rc1", "v10.1", "nightly-20261120", ""])
def test_a_newer_one_and_one_that_does_not_say_may_try(version: str) -> None:
    refuse_old(version)
