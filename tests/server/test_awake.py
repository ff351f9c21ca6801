"""A signal that another thread was given is heard all the same."""

import subprocess
import sys

PROGRAM = """
import signal, threading
from server.awake import wait_awake

stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())

def given_to_another_thread():
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

threading.Timer(0.3, given_to_another_thread).start()
wait_awake(stop)
print("heard")
"""


def test_a_signal_given_to_another_thread_is_heard() -> None:
    # In a process of its own, whose signals are its own; it would wait for ever.
    command = [sys.executable, "-c", PROGRAM]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=240)
    assert ran.stdout == "heard\n"
