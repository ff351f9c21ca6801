"""A worker that serves nothing: it says what one says, and ends as its settings tell it to."""

import os
import sys
import time
from multiprocessing.connection import Connection

from server.workers.messages import (
    AskMetrics,
    Begin,
    Failed,
    Listen,
    Listening,
    MetricsText,
    Opened,
    SearchesAsked,
    StepTaken,
    Stop,
    TakeStep,
)

PAGE = """# HELP calls_total Calls.
# TYPE calls_total counter
calls_total {}
"""


def main(descriptor: int) -> int:
    connection = Connection(descriptor)
    begin = connection.recv()
    if not isinstance(begin, Begin):
        return 9
    host = begin.settings["server"]["host"]  # type: ignore[index] # the dumped section
    if host == "::1":  # stands for a worker that cannot start
        connection.send(Failed(message="the store is damaged", asked_wrongly=True))
        return 1
    if host == "127.0.0.2":  # for one that dies before it has said anything
        return 7
    connection.send(Opened(holding=f"nothing, in process {os.getpid()}"))
    while True:
        try:
            said = connection.recv()
        except EOFError:
            return 0
        match said:
            case Listen():
                connection.send(Listening(address="here"))
            case AskMetrics():
                connection.send(MetricsText(text=PAGE.format(begin.place.number + 1)))
            case TakeStep(number=number):
                connection.send(StepTaken(number=number))
            case Stop():
                # As one that records does: what it was asked lately it says last.
                noted = (time.monotonic(), '{"kind": "text", "request": {}}')
                connection.send(SearchesAsked(noted=(noted,)))
                return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
