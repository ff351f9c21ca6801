"""Stands in for Triton's process: run by its path with a JSON object of how to behave.

``port``: greets everybody who connects there, with its process id. ``says``: written first.
``exits``: ends with that code at once. ``deaf``: SIGTERM does nothing. ``child_in``: file for the
id of a process it starts in a group of its own. ``silent``: nobody is greeted.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path


def main() -> None:
    how = json.loads(sys.argv[1])
    sys.stderr.write(how.get("says", ""))
    sys.stderr.flush()
    if "exits" in how:
        sys.exit(how["exits"])
    if how.get("deaf"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "child_in" in how:
        child = subprocess.Popen(["/bin/sleep", "600"], start_new_session=True)
        Path(how["child_in"]).write_text(str(child.pid), "ascii")
    with socket.create_server(("127.0.0.1", how["port"])) as server:
        while True:
            connection, _ = server.accept()
            with connection:
                if not how.get("silent"):
                    connection.sendall(str(os.getpid()).encode())


if __name__ == "__main__":
    main()
