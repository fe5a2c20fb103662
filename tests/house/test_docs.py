# SPDX-License-Identifier: Apache-2.0
"""Documents tell the truth: examples run, links lead somewhere, the option list is the table's."""

import os
import re
import sqlite3
import subprocess
import tempfile
import unittest

from tree import BUILD, CC, COMMAND, PUBLIC, SOURCE, relative

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
README_PROGRAM_LINES_MAX = 30


def documents():
    return sorted(path for path in SOURCE.rglob("*.md")
                  if not {"build", ".git"} & set(path.relative_to(SOURCE).parts))


def blocks(path, language):
    return [text for kind, text in BLOCK.findall(path.read_text(encoding="utf-8")) if kind == language]


def anchors(path):
    """The anchors of a document's headings, as forges make them."""
    text = BLOCK.sub("", path.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


class Documents(unittest.TestCase):
    maxDiff = None
    def test_options_md_is_what_the_command_prints(self):
        printed = subprocess.run([COMMAND, "options", "--markdown"], capture_output=True, text=True,
                                 check=True).stdout
        self.assertEqual((SOURCE / "docs" / "OPTIONS.md").read_text(encoding="utf-8"), printed,
                         "make it anew: outfall options --markdown > docs/OPTIONS.md")

    def test_links_lead_somewhere(self):
        for path in documents():
            text = BLOCK.sub("", path.read_text(encoding="utf-8"))
            for link in LINK.findall(text):
                if re.match(r"[a-z]+:", link):
                    continue
                name, _, anchor = link.partition("#")
                target = (path.parent / name).resolve() if name else path
                with self.subTest(document=relative(path), link=link):
                    self.assertTrue(target.exists())
                    if anchor and target.suffix == ".md":
                        self.assertIn(anchor, anchors(target))

    def test_documents_named_by_headers_exist(self):
        for path in PUBLIC.glob("*.h"):
            for name in re.findall(r"docs/[\w./-]+\.md", path.read_text(encoding="utf-8")):
                with self.subTest(header=path.name, document=name):
                    self.assertTrue((SOURCE / name).is_file())

    def compile(self, document, folder):
        """The document's one program in C, as the file `program`; returns its text."""
        program, = blocks(SOURCE / document, "c")
        with open(os.path.join(folder, "program.c"), "w", encoding="utf-8") as file:
            file.write(program)
        sanitize = os.environ.get("OUTFALL_SANITIZE")
        subprocess.run([CC, "-std=c11", "-Wall", "-Wextra", "-Werror", "program.c", "-o", "program",
                        f"-I{PUBLIC.parent}", f"-L{BUILD / 'lib'}", "-loutfall",
                        f"-Wl,-rpath,{BUILD / 'lib'}"]
                       + ([f"-fsanitize={sanitize}"] if sanitize else []), cwd=folder, check=True)
        return program

    def query(self, folder, database, sql):
        connection = sqlite3.connect(os.path.join(folder, database))
        try:
            return connection.execute(sql).fetchone()
        finally:
            connection.close()

    def test_the_readmes_program_compiles_and_loads_its_rows(self):
        with tempfile.TemporaryDirectory() as folder:
            program = self.compile("README.md", folder)
            self.assertLess(program.count("\n"), README_PROGRAM_LINES_MAX)
            subprocess.run(["./program"], cwd=folder, check=True)
            self.assertEqual(self.query(folder, "events.db",
                                        "SELECT count(*), min(id), max(id), min(name) FROM events"),
                             (100000, 0, 99999, "hello"))

    def test_the_ledgers_program_goes_on_where_it_was(self):
        with tempfile.TemporaryDirectory() as folder:
            self.compile("docs/exactly-once.md", folder)
            for last in ("600", "600", "1000"):
                subprocess.run(["./program", last], cwd=folder, check=True)
                self.assertEqual(self.query(folder, "numbers.db",
                                            "SELECT count(*), count(DISTINCT number), max(number) FROM numbers"),
                                 (int(last), int(last), int(last)))

    def test_the_transactions_program_writes_both_or_none(self):
        with tempfile.TemporaryDirectory() as folder:
            self.compile("docs/two-phase.md", folder)
            for last in ("250", "250", "1000"):
                subprocess.run(["./program", last], cwd=folder, check=True)
                for table, sign in (("taken", -1), ("given", 1)):
                    self.assertEqual(self.query(folder, "bank.db", "SELECT count(*), count(DISTINCT transfer), "
                                                                   f"sum(amount) FROM {table}"),
                                     (int(last), int(last), sign * 10 * int(last)))

    def test_the_example_is_the_readmes_program(self):
        program, = blocks(SOURCE / "README.md", "c")
        example = (SOURCE / "examples" / "events.c").read_text(encoding="utf-8")
        self.assertEqual(example, "/* SPDX-License-Identifier: Apache-2.0 */\n" + program)

    def test_make_targets_in_documents_exist(self):
        targets = set(re.findall(r"^([a-z]+):", (SOURCE / "Makefile").read_text(encoding="utf-8"), re.M))
        for path in documents():
            for target in re.findall(r"(?:^|`)make ([a-z]+)", path.read_text(encoding="utf-8"), re.M):
                with self.subTest(document=relative(path), target=target):
                    self.assertIn(target, targets)

    def test_flags_of_the_command_in_documents_exist(self):
        helps = "".join(subprocess.run([COMMAND, *name, "--help"], capture_output=True, text=True,
                                       check=True).stdout for name in ([], ["load"], ["txn"], ["options"]))
        for path in (SOURCE / "README.md", *(SOURCE / "docs").glob("*.md")):
            for line in re.findall(r"outfall (?:load|txn|ping|options|drivers)\b[^`\n|]*",
                                   path.read_text(encoding="utf-8")):
                for flag in re.findall(r"--[a-z-]+", line):
                    with self.subTest(document=relative(path), flag=flag):
                        self.assertIn(flag, helps)

    def test_file_paths_in_documents_exist(self):
        code = re.compile(r"`((?:core|drivers|cli|bench|tests|tools|docs|examples)/[\w./-]+)`")
        for path in documents():
            for name in code.findall(path.read_text(encoding="utf-8")):
                with self.subTest(document=relative(path), path=name):
                    if not re.search(r"NAME|NOUN", name):
                        self.assertTrue((SOURCE / name).exists())


if __name__ == "__main__":
    unittest.main()
