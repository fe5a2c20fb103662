# SPDX-License-Identifier: Apache-2.0
"""A pool whose server ends its sessions, hangs, and goes on again; and one that hangs while it is connected to."""

import os
import pathlib
import subprocess
import sys
import threading
import time
import unittest

import mysql_wire
import postgresql_wire
from server_base import odbc_url, percent
from targets import test_classes

LEASES = pathlib.Path(os.environ.get("OUTFALL_BUILD", "build/dev")) / "tests" / "faults.leases"

TARGETS = ("postgresql", "mysql", "odbc-postgresql", "odbc-mariadb")
LATE = 1.0  # Seconds after its deadline that a call may end.
SECONDS = 60


class Pool:
    """faults.leases: a pool in a process of its own."""

    def __init__(self, url, **options):
        pairs = [f"{key.replace('_', '.')}={value}" for key, value in options.items()]
        self._process = subprocess.Popen([LEASES, url, *pairs], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.kill()
        self._process.wait()

    def ask(self, *words):
        """(status, seconds, text)"""
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        status, took, text = self._process.stdout.readline().rstrip("\n").split("\t", 2)
        return status, int(took) / 1000, text

    def lease(self, timeout_ms=10000):
        status, _, text = self.ask("lease", timeout_ms)
        if status != "ok":
            raise AssertionError(f"no lease: {status}: {text}")
        return int(text)

    def stats(self):
        return {name: int(value) for name, value in
                (pair.split("=") for pair in self.ask("stats")[2].split())}

    def wait(self, what, condition):
        """Until the condition on its figures holds; returns them."""
        until = time.monotonic() + SECONDS
        while not condition(stats := self.stats()):
            if time.monotonic() > until:
                raise AssertionError(f"never {what}: {stats}")
            time.sleep(0.01)
        return stats

    def end(self):
        """Waits for the process's end, after a close; its exit status."""
        return self._process.wait(SECONDS)


class Sessions:
    """The server ends the sessions of connections that are idle."""

    def sessions(self):
        """All but the one that asks."""
        if self.target.engine == "postgresql":
            query = ("SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                     "AND pid <> pg_backend_pid()")
        else:
            query = ("SELECT id FROM information_schema.processlist WHERE db = database() "
                     "AND id <> connection_id()")
        return [session for (session,) in self.target.rows(query)]

    def end_sessions(self):
        """How many; they are gone on return."""
        ended = self.sessions()
        end = "SELECT pg_terminate_backend({});" if self.target.engine == "postgresql" else "KILL {};"
        self.target.sql("".join(end.format(session) for session in ended))
        until = time.monotonic() + SECONDS
        while set(self.sessions()) & set(ended):
            self.assertLess(time.monotonic(), until)
            time.sleep(0.01)
        return len(ended)

    def use(self, pool, count):
        leases = [pool.lease() for _ in range(count)]
        for lease in leases:
            status, _, text = pool.ask("ping", lease, 5000)
            self.assertEqual(status, "ok", text)
        for lease in leases:
            pool.ask("return", lease, 0)

    def test_a_lease_gets_another_connection(self):
        with Pool(self.target.url) as pool:
            self.use(pool, 3)
            self.assertEqual(self.end_sessions(), 3)
            time.sleep(0.05)  # Their last words are on their way.
            self.use(pool, 3)
            stats = pool.stats()
            self.assertEqual((stats["gone"], stats["created"], stats["checks"]), (3, 6, 0))
            self.assertEqual(pool.ask("close", 5000)[0], "ok")
            self.assertEqual(pool.end(), 0)

    def test_others_are_opened_before_they_are_needed(self):
        with Pool(self.target.url, pool_min=3, pool_check_ms=0) as pool:
            pool.wait("warm", lambda stats: stats["idle"] == 3)
            self.assertEqual(self.end_sessions(), 3)
            stats = pool.wait("warm again", lambda stats: stats["idle"] == 3 and stats["created"] == 6)
            self.assertEqual((stats["gone"], stats["warmed"]), (3, 6))
            self.use(pool, 3)
            self.assertEqual(pool.ask("close", 5000)[0], "ok")


class Hangs:
    """SIGSTOP of the server: what is asked of it is never answered, new connections included."""

    def tearDown(self):
        self.target.server.resume()

    def assertWithin(self, took, timeout_ms):
        self.assertLess(took, timeout_ms / 1000 + LATE)

    def assertGoesOn(self, pool, threads=8):
        """By itself, once the server answers again: each of so many threads gets what it wants."""
        self.target.server.resume()
        until = time.monotonic() + SECONDS
        while pool.ask("crowd", threads, 5000)[2] != str(threads):
            self.assertLess(time.monotonic(), until, pool.stats())
        self.assertEqual(pool.ask("close", 5000)[0], "ok")
        self.assertEqual(pool.end(), 0)

    def test_calls_end_at_their_timeouts_and_it_goes_on_by_itself(self):
        with Pool(self.target.url, pool_max=4, pool_check_ms=100, connect_timeout_ms=1000) as pool:
            held, *others = (pool.lease() for _ in range(3))
            for lease in others:
                pool.ask("return", lease, 0)
            time.sleep(0.2)  # They are to be checked.
            self.target.server.pause()
            status, took, text = pool.ask("ping", held, 500)
            self.assertIn(status, ("timeout", "connection"), text)
            self.assertWithin(took, 500)
            pool.ask("return", held, 1)
            status, took, text = pool.ask("lease", 1500)  # The check takes one second, a connect the rest.
            self.assertNotEqual(status, "ok")
            self.assertWithin(took, 1500)
            stats = pool.stats()
            self.assertEqual((stats["check"], stats["dropped"], stats["idle"]), (1, 1, 0))
            _, took, well = pool.ask("crowd", 12, 1200)
            self.assertEqual(well, "0")
            self.assertWithin(took, 1200)
            self.assertGoesOn(pool)

    def test_it_is_left_alone(self):
        with Pool(self.target.url, pool_max=4, connect_timeout_ms=300) as pool:
            self.target.server.pause()
            until = time.monotonic() + SECONDS
            while not pool.stats()["quarantined"]:
                status, took, text = pool.ask("lease", 1000)
                self.assertNotEqual(status, "ok")
                self.assertWithin(took, 300)
                self.assertLess(time.monotonic(), until)
            self.assertLess(took, 0.3)  # At once: no connect has been waited for.
            self.assertIn("not tried again for", text)
            self.assertGoesOn(pool)

    def test_connections_are_kept_warm_again_once_it_answers(self):
        with Pool(self.target.url, pool_min=3, pool_check_ms=200, connect_timeout_ms=500) as pool:
            pool.wait("warm", lambda stats: stats["idle"] == 3)
            self.target.server.pause()
            stats = pool.wait("found out", lambda stats: stats["connect_failures"] >= 2)
            self.assertEqual((stats["check"], stats["dropped"]), (1, 2))
            self.target.server.resume()
            pool.wait("warm again", lambda stats: stats["idle"] == 3)
            self.assertGoesOn(pool)

    def test_a_close_keeps_its_timeout(self):
        with Pool(self.target.url, pool_max=4) as pool:
            leases = [pool.lease() for _ in range(3)]
            pool.ask("return", leases.pop(), 0)
            self.target.server.pause()
            pool.ask("ping", leases[0], 300)
            _, took, _ = pool.ask("return", leases.pop(), 0)
            self.assertWithin(took, 0)
            status, took, _ = pool.ask("close", 500)
            self.assertEqual(status, "timeout")  # One is on lease.
            self.assertWithin(took, 500)
            pool.ask("return", leases.pop(), 1)
            status, took, _ = pool.ask("close", 500)
            self.assertEqual(status, "ok")
            self.assertWithin(took, 500)
            self.assertEqual(pool.end(), 0)

    def test_a_close_waits_for_no_connect_in_the_background(self):
        self.target.server.pause()
        with Pool(self.target.url, pool_min=4, pool_max=16, connect_timeout_ms=20000) as pool:
            pool.wait("connecting", lambda stats: stats["opening"] == 4)
            status, took, _ = pool.ask("close", 500)
            self.assertEqual(status, "ok")
            self.assertWithin(took, 500)
            self.assertEqual(pool.end(), 0)


class Handshakes:
    """A proxy that holds the n-th thing which a client says as it connects, for ever."""

    def url(self, port):
        server = self.target.server
        if self.target.driver == "odbc":
            return odbc_url(server.odbc_driver, SERVER="127.0.0.1", PORT=port, UID=server.user,
                            DATABASE=server.database, PWD=server.password)
        scheme = {"postgresql": "postgresql", "mysql": "mysql"}[self.target.driver]
        return f"{scheme}://{server.user}:{percent(server.password)}@127.0.0.1:{port}/{server.database}"

    def hold(self, number):
        """A proxy, and the event that ends its hold. The `number`-th command, from 0, is held."""
        proxy = {"postgresql": postgresql_wire.Proxy, "mysql": mysql_wire.Proxy}[self.target.engine]
        held, released = threading.Event(), threading.Event()
        seen = []

        def before(command):
            seen.append(command)
            if len(seen) == number + 1:
                held.set()
                released.wait(SECONDS)

        return proxy(("127.0.0.1", self.target.server.port), before=before), held, released

    def test_a_lease_ends_at_its_deadline_wherever_the_connect_hangs(self):
        worst, number = 0.0, 0
        while True:
            proxy, held, released = self.hold(number)
            with proxy, Pool(self.url(proxy.port), connect_timeout_ms=20000) as pool:
                status, took, text = pool.ask("lease", 400)
                released.set()
                if not held.is_set():
                    break
            with self.subTest(number=number):
                worst = max(worst, took - 0.4)
                self.assertEqual(status, "timeout", text)
                self.assertLess(took, 0.4 + LATE)
            number += 1
        self.assertEqual(status, "ok", text)
        self.assertGreaterEqual(number, 2)  # The login, and what follows.
        print(f"{self.target.name}: {number} waits, worst {worst:.2f} s after the deadline", file=sys.stderr)

    def test_a_connect_ends_at_connect_timeout(self):
        proxy, held, released = self.hold(0)
        with proxy, Pool(self.url(proxy.port), connect_timeout_ms=400) as pool:
            status, took, text = pool.ask("lease", 20000)
            released.set()
        self.assertTrue(held.is_set())
        self.assertNotEqual(status, "ok")
        self.assertIn("connect.timeout.ms", text)
        self.assertLess(took, 0.4 + LATE)


for tests in (Sessions, Hangs, Handshakes):
    test_classes(globals(), tests, TARGETS)
del tests

if __name__ == "__main__":
    unittest.main()
