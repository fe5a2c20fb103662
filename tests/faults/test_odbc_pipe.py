# SPDX-License-Identifier: Apache-2.0
"""A server behind ODBC is gone when a session ends: TLS says goodbye to it, and no signal ends the program."""

import pathlib
import subprocess
import sys
import unittest

import servers
from targets import drivers

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from loading import COMMAND, SECONDS, wait_for  # noqa: E402

ROWS = 1000


@unittest.skipUnless("odbc" in drivers(), "this build has no driver for odbc:")
class Pipes(unittest.TestCase):
    def test_a_load_that_has_written_all_ends_well_though_its_server_has_died(self):
        with servers.MariaDB(tls=True) as server:
            server.sql("CREATE TABLE t (id INT PRIMARY KEY)")
            url = f"{server.odbc_tcp_url}FORCETLS=1;SSLCA={server.ca};"
            with subprocess.Popen([COMMAND, "load", "--to", url, "--table", "t", "--linger-ms", "20", "-"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True) as load:
                load.stdin.write("id\n" + "".join(f"{i}\n" for i in range(ROWS)))
                load.stdin.flush()
                wait_for(lambda: load.poll() is not None or
                         int(server.sql("SELECT count(*) FROM t")) == ROWS)
                server.stop("immediate")
                _, errors = load.communicate(timeout=SECONDS)
                self.assertEqual(load.returncode, 0, errors)


if __name__ == "__main__":
    unittest.main()
