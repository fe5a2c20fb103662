#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command with private database servers.

    with_servers.py postgresql -- ctest --output-on-failure

Each server's URL is in the command's environment (OUTFALL_TEST_POSTGRESQL_URL, over its unix
socket; OUTFALL_TEST_POSTGRESQL_TCP_URL, with a password). The exit status is the command's.
"""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from servers import SERVERS, ServerError  # noqa: E402


def main(arguments):
    if "--" not in arguments:
        print(__doc__, file=sys.stderr)
        return 2
    split = arguments.index("--")
    names, command = arguments[:split], arguments[split + 1:]
    unknown = [name for name in names if name not in SERVERS]
    if unknown or not command:
        wrong = f"unknown server {unknown[0]!r}" if unknown else "no command"
        print(f"with_servers.py: {wrong}; servers are: {', '.join(SERVERS)}", file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda caught, _: sys.exit(128 + caught))
    with ExitStack() as stack:
        environment = dict(os.environ)
        try:
            for name in names:
                environment.update(stack.enter_context(SERVERS[name]()).environment())
        except ServerError as error:
            print(f"with_servers.py: {error}", file=sys.stderr)
            return 1
        return run(command, environment)


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
