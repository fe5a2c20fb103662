# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL's protocol for tests: a proxy that sees what a client is about to wait for.

Source of the messages: https://www.postgresql.org/docs/15/protocol-message-formats.html
"""

import struct
import threading

from wire import Closed, Listener, Torn, connect, half, hang_up, read_exactly, send

PASSWORD, QUERY, PARSE, SYNC, FLUSH, TERMINATE = b"p", b"Q", b"P", b"S", b"H", b"X"
COPY_DONE, COPY_FAIL = b"c", b"f"
ENDS = (PASSWORD, QUERY, SYNC, FLUSH, TERMINATE, COPY_DONE, COPY_FAIL)  # Of what is sent before an answer is waited for.


def label(command):
    """What a command is, for people: its SQL, "login", "password", "goodbye", or its first message's letter."""
    kind = command[:1]
    if kind in (QUERY, PARSE):
        text = command[5:] if kind == QUERY else command[command.index(b"\0", 5) + 1:]
        return text[:text.index(b"\0")].decode(errors="replace")
    names = {b"\0": "login", PASSWORD: "password", TERMINATE: "goodbye"}
    return names.get(kind, kind.decode(errors="replace"))


class Proxy(Listener):
    """Stands before a real server. `before(command)` is called with all the bytes that a client sends
    until it waits for an answer, before any of them is passed on; `change(command, data)` with what the
    server sends since, and returns what to pass on; None hangs up instead. Either may raise wire.Torn.
    Without TLS."""

    def __init__(self, address, before=lambda command: None, change=lambda command, data: data):
        """`address`: (host, port), or a unix socket's path."""
        self._address = address
        self._before = before
        self._change = change
        super().__init__()

    def serve(self, connection):
        with connect(self._address) as upstream:
            state = {"command": b""}
            back = threading.Thread(target=self._back, args=(upstream, connection, state), daemon=True)
            back.start()
            try:
                while True:
                    command = self._read(connection)
                    state["command"] = command
                    try:
                        self._before(command)
                    except Torn:
                        send(upstream, half(command))
                        raise
                    send(upstream, command)
            finally:
                hang_up(upstream)
                back.join()

    def _read(self, connection):
        command = b""
        while True:
            # What comes before the login has no letter: its length, of four bytes, starts with a 0.
            letter = read_exactly(connection, 1, self.heard)
            length = read_exactly(connection, 3 if letter == b"\0" else 4, self.heard)
            size = struct.unpack(">I", length.rjust(4, b"\0"))[0] - 4
            command += letter + length + read_exactly(connection, size, self.heard)
            if letter == b"\0" or letter in ENDS:
                return command

    def _back(self, upstream, connection, state):
        try:
            while data := upstream.recv(65536):
                try:
                    data = self._change(state["command"], data)
                except Torn:
                    send(connection, half(data))
                    break
                if data is None:
                    break
                send(connection, data)
        except (Closed, OSError):
            pass
        hang_up(connection)
