# SPDX-License-Identifier: Apache-2.0
"""What the tests' proxies and fake servers have in common: a listener that takes connections."""

import socket
import threading


class Closed(Exception):
    """The other side went away."""


class Torn(Closed):
    """The first half of what is under way goes through, then the connection ends."""


def half(data):
    return data[:len(data) // 2]


def read_exactly(connection, size, heard=lambda data: None):
    """`size` bytes of a socket; Closed where it ends before. `heard` is called with every part."""
    data = b""
    while len(data) < size:
        try:
            part = connection.recv(size - len(data))
        except OSError as error:
            raise Closed from error
        if not part:
            raise Closed
        heard(part)
        data += part
    return data


def send(connection, data):
    try:
        connection.sendall(data)
    except OSError as error:
        raise Closed from error


def connect(address):
    """A socket to an address as socket.connect takes it: (host, port), or a unix socket's path."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    connection = socket.socket(family)
    connection.connect(address)
    if family == socket.AF_INET:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def hang_up(connection):
    """Ends both directions, where that has not happened yet."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class Listener:
    """Takes connections on 127.0.0.1, each in a thread, until closed."""

    def __init__(self):
        self.received = b""
        self.connections = 0
        self.deaf = threading.Event()  # Once set, nothing more is read from clients.
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._open = []
        self._threads = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._closed.set()
        self._socket.close()
        with self._lock:
            for connection in self._open:
                hang_up(connection)

    def heard(self, data):
        with self._lock:
            self.received += data
        if self.deaf.is_set():
            self._closed.wait()
            raise Closed

    def _accept(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                self._open.append(connection)
                self._threads.append(threading.Thread(target=self._run, args=(connection,), daemon=True))
                self._threads[-1].start()

    def drain(self):
        """Waits until all has been read of connections whose clients have ended."""
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join()

    def _run(self, connection):
        try:
            with connection:
                self.serve(connection)
        except Closed:
            pass

    def serve(self, connection):
        raise NotImplementedError
