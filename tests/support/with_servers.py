#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command with private database servers.

    with_servers.py [--in-memory] postgresql -- ctest --output-on-failure

Each server's URL is in the command's environment (OUTFALL_TEST_POSTGRESQL_URL, over its unix
socket; OUTFALL_TEST_POSTGRESQL_TCP_URL, with a password; …). The exit status is the command's.

--in-memory: what is temporary, the servers' files among it, lies in /dev/shm where that has room.
Settings stay as they are: an fsync is asked for, and costs nothing. Not for what measures time.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from servers import SERVERS, ServerError  # noqa: E402

MEMORY = "/dev/shm"
MEMORY_BYTES_MIN = 2 << 30


def main(arguments):
    if "--" not in arguments:
        print(__doc__, file=sys.stderr)
        return 2
    split = arguments.index("--")
    names, command = arguments[:split], arguments[split + 1:]
    in_memory = "--in-memory" in names
    names = [name for name in names if name != "--in-memory"]
    unknown = [name for name in names if name not in SERVERS]
    if unknown or not command:
        wrong = f"unknown server {unknown[0]!r}" if unknown else "no command"
        print(f"with_servers.py: {wrong}; servers are: {', '.join(SERVERS)}", file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda caught, _: sys.exit(128 + caught))
    if in_memory and has_room(MEMORY):
        os.environ["TMPDIR"] = tempfile.tempdir = MEMORY
    with ExitStack() as stack:
        environment = dict(os.environ)
        try:
            for name in names:
                environment.update(stack.enter_context(SERVERS[name]()).environment())
        except ServerError as error:
            print(f"with_servers.py: {error}", file=sys.stderr)
            return 1
        return run(command, environment)


def has_room(directory):
    try:
        return shutil.disk_usage(directory).free >= MEMORY_BYTES_MIN and os.access(directory, os.W_OK)
    except OSError:
        return False


def run(command, environment):
    try:
        child = subprocess.Popen(command, env=environment)
    except OSError as error:
        print(f"with_servers.py: {command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    try:
        while True:
            try:
                status = child.wait()
                return status if status >= 0 else 128 - status
            except KeyboardInterrupt:
                continue  # The terminal sent it to the child too: its exit ends us.
    except SystemExit:
        child.terminate()
        child.wait()
        raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
