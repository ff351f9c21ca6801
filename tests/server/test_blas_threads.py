from __future__ import annotations

import subprocess
import sys

import pytest

ASKED = """
import ctypes
from pathlib import Path
import numpy as np
from server.blas_threads import one_thread_each

if not one_thread_each():
    raise SystemExit("another library")
(file,) = Path(np.__file__).parent.with_name("numpy.libs").glob("*openblas*")
library = ctypes.CDLL(str(file))
for name in ("scipy_openblas_get_num_threads64_", "openblas_get_num_threads64_"):
    if hasattr(library, name):
        print(getattr(library, name)())
        break
"""


@pytest.mark.skipif(sys.platform != "linux", reason="knows where Linux wheels keep it")
def test_products_stay_on_one_thread() -> None:
    asked = subprocess.run(
        [sys.executable, "-c", ASKED],
        capture_output=True,
        text=True,
        check=False,
        env={"OPENBLAS_NUM_THREADS": "2"},
    )
    if "another library" in asked.stderr:
        pytest.skip("numpy is not the wheel's")
    assert (asked.stdout, asked.stderr) == ("1\n", "")
