# SPDX-License-Identifier: Apache-2.0
"""An installation: its layout, the command in it, and programs outside the tree that use it."""

import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

from tree import BUILD, CC, PUBLIC, SOURCE

CONSUMER_CMAKE = """
cmake_minimum_required(VERSION 3.22)
project(consumer LANGUAGES C CXX)
find_package(outfall 0.1 REQUIRED)
set(CMAKE_CXX_STANDARD 11)
add_executable(consumer-c consumer.c)
add_executable(consumer-cxx consumer.cpp)
target_link_libraries(consumer-c PRIVATE outfall::outfall)
target_link_libraries(consumer-cxx PRIVATE outfall::outfall)
"""
CXX = os.environ.get("CXX") or shutil.which("c++") or "c++"
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}")
    return done.stdout


class Installation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        first = pathlib.Path(cls.folder.name) / "first"
        run("cmake", "--install", BUILD, "--prefix", first)
        # Moved afterwards: nothing in it may hold the place where it was put first.
        cls.prefix = pathlib.Path(cls.folder.name) / "moved here"
        first.rename(cls.prefix)
        cls.libraries = next(cls.prefix.rglob("liboutfall.so")).parent

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        self.work = tempfile.TemporaryDirectory(dir=self.folder.name)
        self.addCleanup(self.work.cleanup)
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith("OUTFALL_")}
        self.environment["PKG_CONFIG_PATH"] = str(self.libraries / "pkgconfig")

    def pkg_config(self, *arguments):
        """A module's flags, split as the shell would: the prefix has a blank in it."""
        words = run("pkg-config", *arguments, env=self.environment).strip()
        return [word.replace("\\ ", " ") for word in re.split(r"(?<!\\) ", words) if word]

    def load_ten_rows(self, program):
        path = os.path.join(self.work.name, os.path.basename(program) + ".db")
        output = run(program, f"sqlite:{path}?outfall.create=if-missing", env=self.environment)
        self.assertEqual(output.strip(), run("pkg-config", "--modversion", "outfall",
                                             env=self.environment).strip())
        database = sqlite3.connect(path)
        rows = database.execute("SELECT id, name FROM rows ORDER BY id").fetchall()
        database.close()
        self.assertEqual(rows, [(i, "row") for i in range(10)])

    def test_files_are_where_they_belong(self):
        for name in ("bin/outfall", "include/outfall/outfall.h", "include/outfall/driver.h"):
            self.assertTrue((self.prefix / name).is_file(), name)
        for name in ("liboutfall.so.0", "outfall/sqlite.so", "outfall/null.so",
                     "pkgconfig/outfall.pc", "pkgconfig/outfall-driver.pc",
                     "cmake/outfall/outfallConfig.cmake", "cmake/outfall/outfallConfigVersion.cmake"):
            self.assertTrue((self.libraries / name).is_file(), name)
        self.assertEqual(sorted(path.name for path in (self.prefix / "include/outfall").iterdir()),
                         sorted(path.name for path in PUBLIC.iterdir()))

    def test_the_library_has_its_soname_and_stays_loaded(self):
        dynamic = run("readelf", "-dW", self.libraries / "liboutfall.so.0")
        self.assertIn("Library soname: [liboutfall.so.0]", dynamic)
        self.assertIn("NODELETE", dynamic)
        self.assertNotIn(str(BUILD), dynamic)

    def test_a_user_of_one_database_needs_no_other_client_library(self):
        needs = {path.name: set(re.findall(r"Shared library: \[([^]]+)", run("readelf", "-dW", path)))
                 for path in (self.libraries / "liboutfall.so.0", self.libraries / "outfall" / "sqlite.so")}
        for name, libraries in needs.items():
            self.assertFalse([one for one in libraries if one.startswith(("libpq", "liboutfall"))], name)
        self.assertFalse([one for one in needs["liboutfall.so.0"] if one.startswith("libsqlite3")])

    def test_each_header_stands_alone_in_c_and_in_cxx(self):
        include = f"-I{self.prefix / 'include'}"
        for header in sorted(path.name for path in PUBLIC.iterdir()):
            for compiler, language, standard in ((CC, "c", "-std=c11"), (CXX, "c++", "-std=c++11")):
                with self.subTest(header=header, language=language):
                    run(compiler, "-x", language, standard, *STRICT, include, "-fsyntax-only", "-",
                        input=f"#include <outfall/{header}>\n#include <outfall/{header}>\nint unused;\n")

    def test_programs_by_pkg_config_in_c_and_in_cxx(self):
        flags = self.pkg_config("--cflags", "--libs", "outfall") + [f"-Wl,-rpath,{self.libraries}"]
        for compiler, language, standard in ((CC, "c", "-std=c11"), (CXX, "c++", "-std=c++11")):
            with self.subTest(language=language):
                program = os.path.join(self.work.name, f"by-{language}")
                run(compiler, "-x", language, standard, *STRICT,
                    SOURCE / "tests/house/consumer.c", "-x", "none", *flags, "-o", program)
                self.load_ten_rows(program)

    def test_programs_by_find_package_in_c_and_in_cxx(self):
        folder = pathlib.Path(self.work.name)
        (folder / "CMakeLists.txt").write_text(CONSUMER_CMAKE, encoding="utf-8")
        for name in ("consumer.c", "consumer.cpp"):
            shutil.copy(SOURCE / "tests/house/consumer.c", folder / name)
        run("cmake", "-S", folder, "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={self.prefix}",
            env=self.environment)
        run("cmake", "--build", folder / "build", env=self.environment)
        for language in ("c", "cxx"):
            with self.subTest(language=language):
                self.load_ten_rows(folder / "build" / f"consumer-{language}")

    def test_the_installed_command_finds_its_library_and_drivers(self):
        command = self.prefix / "bin" / "outfall"
        drivers = run(command, "drivers", env=self.environment)
        self.assertIn(str(self.libraries / "outfall" / "sqlite.so"), drivers)
        path = os.path.join(self.work.name, "loaded.db")
        rows = os.path.join(self.work.name, "rows.csv")
        pathlib.Path(rows).write_text("id,name\n1,one\n2,two\n", encoding="utf-8")
        run(command, "load", "--to", f"sqlite:{path}", "--table", "t", "--create", rows,
            env=self.environment)
        database = sqlite3.connect(path)
        self.assertEqual(database.execute("SELECT id, name FROM t ORDER BY id").fetchall(),
                         [(1, "one"), (2, "two")])
        database.close()

    def test_a_driver_module_can_be_built_outside_the_tree(self):
        flags = self.pkg_config("--cflags", "outfall-driver")
        run(CC, "-std=c11", "-D_GNU_SOURCE", "-fPIC", "-shared", "-Wl,-z,defs", "-I", SOURCE / "drivers",
            *flags, *(SOURCE / "drivers/null").glob("*.c"), *(SOURCE / "drivers/common").glob("*.c"),
            "-o", os.path.join(self.work.name, "other.so"))
        command = self.prefix / "bin" / "outfall"
        environment = dict(self.environment, OUTFALL_DRIVER_PATH=self.work.name)
        run(command, "ping", "other:", env=environment)
        run(command, "ping", f"other:?outfall.driver.path={self.work.name}", env=self.environment)
        self.assertEqual(pathlib.Path(*self.pkg_config("--variable=driverdir", "outfall-driver")).resolve(),
                         (self.libraries / "outfall").resolve())


class MakeInstall(unittest.TestCase):
    def test_make_install_passes_prefix_and_destdir_on(self):
        planned = run("make", "-n", "-C", SOURCE, "install", "PREFIX=/somewhere/else",
                      env={name: value for name, value in os.environ.items()
                           if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")})
        self.assertIn("cmake --install build/release --prefix /somewhere/else", planned)


if __name__ == "__main__":
    unittest.main()
