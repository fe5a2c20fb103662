# SPDX-License-Identifier: Apache-2.0
"""MySQL's protocol for tests: a fake server that misbehaves, and a proxy that changes what is said.

Both listen on 127.0.0.1 and remember every byte that the client sent. Neither is a server to keep
rows in.

    with FakeServer(script) as fake:     # script(session), once a connection
        ping(fake.url(password))
    assert secret not in fake.received

Source of the packets: https://mariadb.com/kb/en/clientserver-protocol/
"""

import struct
import threading
import urllib.parse

import wire
from wire import Closed, Torn, connect, half, hang_up, read_exactly, send

CLIENT_LONG_PASSWORD = 1 << 0
CLIENT_CONNECT_WITH_DB = 1 << 3
CLIENT_LOCAL_FILES = 1 << 7
CLIENT_PROTOCOL_41 = 1 << 9
CLIENT_SSL = 1 << 11
CLIENT_TRANSACTIONS = 1 << 13
CLIENT_SECURE_CONNECTION = 1 << 15
CLIENT_PLUGIN_AUTH = 1 << 19

COM_QUIT, COM_QUERY, COM_PING, COM_STMT_PREPARE, COM_STMT_EXECUTE = 0x01, 0x03, 0x0E, 0x16, 0x17
COM_STMT_CLOSE, COM_STMT_BULK_EXECUTE = 0x19, 0xFA
LOCAL_INFILE, AUTH_SWITCH = b"\xfb", b"\xfe"
OK = b"\x00\x00\x00\x02\x00\x00\x00"

CAPABILITIES = (CLIENT_LONG_PASSWORD | CLIENT_CONNECT_WITH_DB | CLIENT_LOCAL_FILES |
                CLIENT_PROTOCOL_41 | CLIENT_TRANSACTIONS | CLIENT_SECURE_CONNECTION |
                CLIENT_PLUGIN_AUTH)


class Wire:
    """One side of a connection, packet by packet. `heard` is called with all that was read."""

    def __init__(self, connection, heard=lambda data: None):
        self.connection = connection
        self.sequence = 0
        self._heard = heard

    def _read(self, size):
        return read_exactly(self.connection, size, self._heard)

    def read(self):
        """A packet's payload."""
        header = self._read(4)
        self.sequence = (header[3] + 1) % 256
        return self._read(header[0] | header[1] << 8 | header[2] << 16)

    def write(self, payload, sequence=None, torn=False):
        """`torn`: the first half of it."""
        if sequence is not None:
            self.sequence = sequence
        packet = struct.pack("<I", len(payload))[:3] + bytes([self.sequence]) + payload
        self.sequence = (self.sequence + 1) % 256
        send(self.connection, half(packet) if torn else packet)


class Listener(wire.Listener):
    """Knows the URL that leads here."""

    def url(self, password="secret", user="outfall", database="test", query=""):
        """How to get here."""
        return (f"mysql://{user}:{urllib.parse.quote(password, safe='')}@127.0.0.1:{self.port}/"
                f"{database}{query}")


def greeting(capabilities, version=b"5.5.5-10.11.6-MariaDB", plugin=b"mysql_native_password"):
    """What a server says first."""
    return (b"\x0a" + version + b"\0" + struct.pack("<I", 1) + b"abcdefgh\0" +
            struct.pack("<H", capabilities & 0xFFFF) + b"\x2d" + struct.pack("<H", 2) +
            struct.pack("<H", capabilities >> 16) + bytes([21]) + bytes(10) +
            b"ijklmnopqrst\0" + plugin + b"\0")


def names(query):
    """The statement of a COM_QUERY, or None."""
    return query[1:].decode(errors="replace") if query[:1] == bytes([COM_QUERY]) else None


def label(command):
    """What a command is, for people: its SQL, or the name of its kind. What is none is the login."""
    kind = command[0]
    if kind in (COM_QUERY, COM_STMT_PREPARE):
        return ("prepare " if kind == COM_STMT_PREPARE else "") + command[1:].decode(errors="replace")
    return {COM_PING: "ping", COM_QUIT: "goodbye", COM_STMT_EXECUTE: "execute", COM_STMT_CLOSE: "close",
            COM_STMT_BULK_EXECUTE: "bulk execute"}.get(kind, "login")


class FakeServer(Listener):
    """A server that lets anyone in and answers each statement by `answer(wire, statement)`."""

    def __init__(self, answer, capabilities=CAPABILITIES, login=None):
        """`login(wire)`: what happens between the client's login and the answer to it."""
        self._answer = answer
        self._capabilities = capabilities
        self._login = login
        super().__init__()

    def serve(self, connection):
        wire = Wire(connection, self.heard)
        wire.write(greeting(self._capabilities), 0)
        wire.read()
        if self._login is not None:
            self._login(wire)
        wire.write(OK)
        while True:
            packet = wire.read()
            if packet[:1] == bytes([COM_QUIT]):
                return
            self._answer(wire, names(packet))


class Proxy(Listener):
    """
    Stands before a real server. `change(command, reply)` gets the command under way and the first
    packet of its reply, as bytes, and returns the packet to pass on; None hangs up instead.
    `before(command)` is called with each command, and with the login, before it is passed on. Either
    may raise wire.Torn.
    Without TLS, and only where a command has one packet.
    """

    def __init__(self, address, change=lambda command, reply: reply, before=lambda command: None):
        """`address` as socket.connect takes it: (host, port), or a unix socket's path."""
        self._address = address
        self._change = change
        self._before = before
        super().__init__()

    def serve(self, connection):
        with connect(self._address) as upstream:
            state = {"command": b"", "first": False}
            back = threading.Thread(target=self._back, args=(upstream, connection, state),
                                    daemon=True)
            back.start()
            wire = Wire(connection, self.heard)
            server = Wire(upstream)
            logged_in = False
            try:
                while True:
                    packet = wire.read()
                    if wire.sequence == 1:
                        state["command"], state["first"] = packet, True
                    try:
                        if wire.sequence == 1 or not logged_in:
                            self._before(packet)
                    except Torn:
                        server.write(packet, (wire.sequence - 1) % 256, torn=True)
                        raise
                    logged_in = True
                    server.write(packet, (wire.sequence - 1) % 256)
            finally:
                hang_up(upstream)
                back.join()

    def _back(self, upstream, connection, state):
        server = Wire(upstream)
        client = Wire(connection)
        try:
            while True:
                packet = server.read()
                if state["first"]:
                    state["first"] = False
                    try:
                        packet = self._change(state["command"], packet)
                    except Torn:
                        client.write(packet, (server.sequence - 1) % 256, torn=True)
                        break
                if packet is None:
                    break
                client.write(packet, (server.sequence - 1) % 256)
        except Closed:
            pass
        hang_up(connection)
