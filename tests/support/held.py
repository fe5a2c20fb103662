# SPDX-License-Identifier: Apache-2.0
"""Commands that are held on their way to a server, so that something happens to it just then.

    held = Held(mysql_wire.Proxy, address, is_place, lambda proxy: [COMMAND, "ping", proxy.url()])
    with held:
        held.wait()         # It is at its place: the server has not got what the command waits for.
        server.pause()
        held.release()
        held.finish()
"""

import subprocess
import threading
import time

SECONDS = 120


class Held:
    """A command by way of a proxy, until finish(); then code, output, errors and ended."""

    def __init__(self, proxy, address, is_place, arguments, stdin="", environment=None):
        """`is_place(command)` is asked of each command of the protocol, until it is true once.
        `arguments(proxy)` is the command line."""
        self._is_place = is_place
        self._reached = threading.Event()
        self._released = threading.Event()
        self._changed = threading.Condition()
        self._over = False
        self.commands = []  # All that were seen, in their order.
        self.code = self.output = self.errors = self.ended = None
        self.proxy = proxy(address, before=self._before)
        self._process = subprocess.Popen(
            arguments(self.proxy), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=environment)
        self._thread = threading.Thread(target=self._watch, args=(stdin,))
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.release()
        if self.code is None:
            self._process.kill()
        self._thread.join()
        self.proxy.close()

    def _before(self, command):
        self.commands.append(command)
        if not self._reached.is_set() and self._is_place(command):
            self._reached.set()
            self._notify()
            self._released.wait()

    def _watch(self, stdin):
        try:
            output, errors = self._process.communicate(stdin, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            output, errors = self._process.communicate()
        self.ended = time.monotonic()
        self.output, self.errors, self.code = output, errors, self._process.returncode
        self._notify()

    def _notify(self):
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def wait(self):
        """Until it is held; False where it has ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._over, SECONDS)
        return self._reached.is_set() and self.ended is None

    def release(self):
        self._released.set()

    def finish(self):
        """Waits for its end. Returns itself."""
        self._thread.join()
        return self
