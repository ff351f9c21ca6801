"""What a start made is looked at no more; what comes later is collected as ever."""

import subprocess
import sys

PROGRAM = """
import gc, weakref
from server.start_memory import begin_start, settle

class Ring:
    def __init__(self):
        self.self = self

begin_start()
collecting_while_starting = gc.isenabled()
kept = [Ring() for _ in range(1_000)]
dropped = weakref.ref(Ring())
settle()
later = weakref.ref(Ring())
gc.collect()
print(collecting_while_starting, gc.isenabled(), dropped(), later(), gc.get_freeze_count() >= 1_000)
"""


def test_a_start_is_collected_once_and_then_left_alone() -> None:
    # In a process of its own: what is frozen stays frozen.
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["False", "True", "None", "None", "True"]
