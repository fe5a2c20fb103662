# SPDX-License-Identifier: Apache-2.0
"""The oracle dialect's texts under a grammar that is not ours: sqlglot's of Oracle.

The stand-in and the dialect have one author, so that a text which the stand-in takes says little
about Oracle. Here every text that the dialect can send is parsed by sqlglot (PyPI; tests only). It
is lenient: so the tree has to say what was meant, and written out again it has to be the same text.
"""

import json
import logging
import re
import subprocess
import sys
import unittest

from tree import BUILD

VERSION = "30.30.0"
STATEMENTS = BUILD / "tests" / "standin.statements"
PLACE = BUILD / "tests" / f"sqlglot-{VERSION}"

XID = r"DBMS_XA_XID\(\d+, HEXTORAW\(\?\), HEXTORAW\(\?\)\)"

# What sqlglot has no grammar for, as Oracle's SQL Language Reference has it.
FIXED = {
    "session": r"ALTER SESSION SET [A-Z_]+ = '[^']*'",
    "savepoint": r"SAVEPOINT [a-z_]+",
    "rollback_to": r"ROLLBACK TO SAVEPOINT [a-z_]+",
    # PL/SQL: DBMS_XA's and DBMS_SESSION's synopses in the Packages and Types Reference.
    "xa_start": rf"BEGIN \? := DBMS_XA\.XA_START\({XID}, DBMS_XA\.TMNOFLAGS\); "
                r"DBMS_SESSION\.SET_IDENTIFIER\(\?\); END;",
    "xa_end": rf"BEGIN \? := DBMS_XA\.XA_END\({XID}, DBMS_XA\.TMSUCCESS\); END;",
    "xa_prepare": rf"BEGIN \? := DBMS_XA\.XA_PREPARE\({XID}\); DBMS_SESSION\.CLEAR_IDENTIFIER; END;",
    "xa_commit": rf"BEGIN \? := DBMS_XA\.XA_COMMIT\({XID}, FALSE\); END;",
    "xa_rollback": rf"BEGIN \? := DBMS_XA\.XA_ROLLBACK\({XID}\); DBMS_SESSION\.CLEAR_IDENTIFIER; END;",
    "xa_last": r"BEGIN \? := DBMS_XA\.XA_GETLASTOER\(\); END;",
    "kill": r"ALTER SYSTEM KILL SESSION '\d+,\d+,@\d+' IMMEDIATE",
}

# How sqlglot writes types of Oracle's that it has other names for.
SPELLED = {"BINARY_FLOAT": "FLOAT", "BINARY_DOUBLE": "DOUBLE PRECISION"}

# The types of CREATE TABLE "all types": what a column of ours has to become.
TYPES = {
    "bool": "NUMBER(1)", "int16": "NUMBER(5)", "int32": "NUMBER(10)", "int64": "NUMBER(19)",
    "float32": "BINARY_FLOAT", "float64": "BINARY_DOUBLE", "decimal": "NUMBER",
    "decimal 12, 3": "NUMBER(12, 3)", "decimal 38, 0": "NUMBER(38, 0)", "text": "CLOB",
    "text 20": "VARCHAR2(20 CHAR)", "text 100000": "CLOB", "bytes": "BLOB", "bytes 20": "RAW(20)",
    "date": "DATE", "timestamp": "TIMESTAMP(6)", "timestamp 0": "TIMESTAMP(0)",
    "timestamp 3": "TIMESTAMP(3)", "timestamptz": "TIMESTAMP(6) WITH TIME ZONE",
    "timestamptz 3": "TIMESTAMP(3) WITH TIME ZONE", "uuid": "RAW(16)", "json": "CLOB",
}


class Refused(Exception):
    """A text is not what it is meant to be; the message says where."""


def need(condition, what):
    if not condition:
        raise Refused(what)


def fetch_sqlglot():
    """Installs sqlglot of that version beside the tests, once, and imports it."""
    if not (PLACE / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", PLACE], check=True)
        subprocess.run([PLACE / "bin" / "python", "-m", "pip", "install", "--quiet",
                        "--disable-pip-version-check", f"sqlglot=={VERSION}"], check=True)
        (PLACE / "done").touch()
    sys.path.insert(0, str(next(PLACE.glob("lib/python*/site-packages"))))
    import sqlglot  # pylint: disable=import-outside-toplevel
    need(sqlglot.__version__ == VERSION, sqlglot.__version__)
    return sqlglot


class Checker:
    """Whether a text says what it is meant to say."""

    def __init__(self, sqlglot):
        self.sqlglot = sqlglot
        self.exp = sqlglot.exp
        logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # Of fallbacks, found below.

    def check(self, meant, text=None):
        """Raises Refused unless `text` (by default the text itself) says what `meant` says."""
        text = meant["text"] if text is None else text
        kind = meant["kind"]
        if kind in FIXED:
            need(re.fullmatch(FIXED[kind], text), "not of the documented form")
            return
        tree = self.parse(text)
        getattr(self, "check_" + kind)(tree, meant)
        need(self.written(tree) == self.spelled(kind, text), "written out it is another text")

    def parse(self, text):
        try:
            trees = self.sqlglot.parse(text, read="oracle",
                                       error_level=self.sqlglot.ErrorLevel.RAISE)
        except self.sqlglot.errors.SqlglotError as error:
            raise Refused(str(error)) from error
        need(len(trees) == 1 and trees[0] is not None, "not one statement")
        need(not list(trees[0].find_all(self.exp.Command)), "not understood")
        return trees[0]

    def written(self, tree):
        return tree.sql(dialect="oracle")

    @staticmethod
    def spelled(kind, text):
        """`text` with sqlglot's names of types; only outside of names."""
        if kind != "create":
            return text
        parts = re.split(r'("[^"]*")', text)
        for index in range(0, len(parts), 2):
            for ours, theirs in SPELLED.items():
                parts[index] = parts[index].replace(ours, theirs)
        return "".join(parts)

    # ---- Parts -------------------------------------------------------------------------

    def names(self, nodes, table=None):
        """The names of identifiers or columns, each quoted; columns of `table` if that is given."""
        found = []
        for node in nodes:
            if isinstance(node, self.exp.Column):
                need(node.table == (table or ""), f"a column of {node.table!r}")
                node = node.this
            need(isinstance(node, self.exp.Identifier) and node.quoted, f"not a name: {node!r}")
            found.append(node.this)
        return found

    def check_table(self, table, meant):
        need(isinstance(table, self.exp.Table), "no table")
        need(self.names([table.this]) == [meant["table"]], "another table")
        owner = table.args.get("db")
        need((self.names([owner])[0] if owner else None) == meant["schema"], "another schema")

    def placeholders(self, tree, count):
        need(len(list(tree.find_all(self.exp.Placeholder))) == count, "not as many parameters")

    def equalities(self, condition):
        """The sides of a = b AND c = d."""
        if isinstance(condition, self.exp.And):
            return self.equalities(condition.left) + self.equalities(condition.right)
        need(isinstance(condition, self.exp.EQ), f"not an equality: {condition!r}")
        return [(condition.left, condition.right)]

    # ---- Kinds -------------------------------------------------------------------------

    def check_insert(self, tree, meant):
        need(isinstance(tree, self.exp.Insert), "not an INSERT")
        self.check_table(tree.this.this, meant)
        need(self.names(tree.this.expressions) == meant["columns"], "other columns")
        rows = tree.expression.expressions
        need(isinstance(tree.expression, self.exp.Values) and len(rows) == 1, "not one row")
        need(all(isinstance(value, self.exp.Placeholder) for value in rows[0].expressions) and
             len(rows[0].expressions) == len(meant["columns"]), "not a parameter for each column")

    def check_merge(self, tree, meant):
        need(isinstance(tree, self.exp.Merge), "not a MERGE")
        self.check_table(tree.this, meant)
        need(tree.this.alias == "t" and tree.args["using"].alias == "s", "other aliases")
        source = tree.args["using"].this
        need(source.args.get("from_") and source.args["from_"].this.name == "dual", "not from dual")
        need(all(isinstance(value.this, self.exp.Placeholder) for value in source.expressions),
             "not a parameter for each column")
        need(self.names(value.args["alias"] for value in source.expressions) == meant["columns"],
             "other columns")
        self.placeholders(tree, len(meant["columns"]))
        sides = self.equalities(tree.args["on"].this)
        need(self.names([left for left, _ in sides], "t") == meant["key"] ==
             self.names([right for _, right in sides], "s"), "another key")
        self.check_branches(tree.args["whens"].expressions, meant)

    def check_branches(self, branches, meant):
        updates = meant["updated"] or meant["resets"]
        need([bool(branch.args["matched"]) for branch in branches] ==
             ([True, False] if updates else [False]), "other branches")
        need(not any(branch.args.get("condition") or branch.args.get("source")
                     for branch in branches), "a condition")
        if updates:
            self.check_updates(branches[0].args["then"], meant)
        new = branches[-1].args["then"]
        need(isinstance(new, self.exp.Insert), "nothing is inserted")
        need(self.names(new.this.expressions) == meant["columns"] ==
             self.names(new.expression.expressions, "s"), "other columns are inserted")

    def check_updates(self, update, meant):
        need(isinstance(update, self.exp.Update), "nothing is updated")
        sets = [(one.left, one.right) for one in update.expressions]
        count = len(meant["updated"])
        need(self.names([left for left, _ in sets]) == meant["updated"] + meant["resets"],
             "other columns are updated")
        need(self.names([right for _, right in sets[:count]], "s") == meant["updated"],
             "they are set to other columns")
        need(all(right.name == "DEFAULT" and not right.this.quoted for _, right in sets[count:]),
             "not to their defaults")

    def check_delete(self, tree, meant):
        need(isinstance(tree, self.exp.Delete), "not a DELETE")
        self.check_table(tree.this, meant)
        need(tree.args.get("where"), "everything is deleted")
        sides = self.equalities(tree.args["where"].this)
        need(self.names([left for left, _ in sides]) == meant["key"], "another key")
        need(all(isinstance(right, self.exp.Placeholder) for _, right in sides), "not parameters")

    def check_select(self, tree, meant):
        need(isinstance(tree, self.exp.Select), "not a SELECT")
        table = tree.args["from_"].this
        self.check_table(table, meant)
        need(self.names(tree.expressions, table.alias) == meant["columns"], "other columns")
        need(tree.args["where"].this.sql() == "1 = 0", "it reads rows")

    def check_create(self, tree, meant):
        need(isinstance(tree, self.exp.Create) and tree.kind == "TABLE", "not a CREATE TABLE")
        need(not tree.args.get("exists") and not tree.args.get("replace"), "not plain")
        self.check_table(tree.this.this, meant)
        columns = [one for one in tree.this.expressions if isinstance(one, self.exp.ColumnDef)]
        need(self.names(one.this for one in columns) == meant["columns"], "other columns")
        keys = [one for one in tree.this.expressions if isinstance(one, self.exp.PrimaryKey)]
        need([self.names(key.expressions) for key in keys] == ([meant["key"]] if meant["key"] else []),
             "another key")
        need(len(columns) + len(keys) == len(tree.this.expressions), "something else")
        if meant["table"] == "all types":
            for column in columns:
                self.check_type(column)

    def check_type(self, column):
        if column.name in TYPES:
            written = column.kind.sql(dialect="oracle")
            wanted = TYPES[column.name]
            need(written == SPELLED.get(wanted, wanted), f"{column.name} is {written}")

    def check_ledger(self, tree, meant):
        """Its names are without quotes, its values literals: the text says it all but for its kind."""
        verb = meant["text"].split()[0]
        need(isinstance(tree, getattr(self.exp, verb.capitalize())), f"not {verb}")
        tables = list(tree.find_all(self.exp.Table))
        need(tables and all(table.name == meant["table"] for table in tables), "another table")
        need(not any(name.quoted for name in tree.find_all(self.exp.Identifier)), "quotes")
        need(verb in ("INSERT", "CREATE") or tree.args.get("where"), "of everything")
        for node in tree.find_all(self.exp.Literal):
            need(not node.is_string or not node.find_ancestor(self.exp.Where) or
                 node.find_ancestor(self.exp.Anonymous, self.exp.Unhex), "a text is compared")

    def check_holder(self, tree, _):
        need(isinstance(tree, self.exp.Select), "not a SELECT")
        self.placeholders(tree, 1)

    def check_dictionary(self, tree, _):
        need(isinstance(tree, self.exp.Select), "not a SELECT")


class Grammar(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.checker = Checker(fetch_sqlglot())
        lines = subprocess.run([STATEMENTS], check=True, capture_output=True, text=True).stdout
        cls.texts = [json.loads(line) for line in lines.splitlines()]

    def refusal(self, meant, text):
        """Why `text` is not what is meant; None where it is."""
        try:
            self.checker.check(meant, text)
        except Refused as refused:
            return str(refused) or "refused"
        return None

    def first(self, kind, having=lambda _: True):
        return next(text for text in self.texts if text["kind"] == kind and having(text))

    def test_every_text_says_what_was_meant(self):
        for text in self.texts:
            with self.subTest(text=text["text"][:300]):
                self.assertIsNone(self.refusal(text, text["text"]))

    def test_every_kind_is_among_them(self):
        kinds = {text["kind"] for text in self.texts}
        self.assertEqual(kinds, {"session", "savepoint", "rollback_to", "dictionary", "ledger", "select",
                                 "insert", "merge", "delete", "create", "xa_start", "xa_end", "xa_prepare",
                                 "xa_commit", "xa_rollback", "xa_last", "holder", "kill"})
        self.assertGreater(len(self.texts), 500)

    def test_a_mangled_text_is_refused(self):
        merge = self.first("merge", lambda text: text["updated"])
        key = merge["key"][0]
        cases = [
            ("a keyword is missing", merge, " THEN UPDATE", " UPDATE"),
            ("a branch is missing", merge, merge["text"][merge["text"].index(" WHEN NOT"):], ""),
            ("a branch is another", merge, "WHEN NOT MATCHED", "WHEN MATCHED"),
            ("the key is another", merge, f's."{key}")', f's."{merge["columns"][1]}")'),
            ("an update is of the target itself", merge, "= s.", "= t."),
            ("a column is bare", merge, f'? AS "{key}"', f"? AS {key}"),
            ("a quote is missing", merge, f'? AS "{key}"', f'? AS "{key}'),
            ("dual is missing", merge, " FROM dual", ""),
            ("another database's rows", merge, "(SELECT ?", "(VALUES ?"),
            ("two statements", merge, merge["text"], merge["text"] + "; COMMIT"),
            ("a word behind the end", merge, merge["text"], merge["text"] + " RETURNING"),
            ("a semicolon", merge, merge["text"], merge["text"] + ";"),
            ("two rows", self.first("insert"), "VALUES (", "VALUES (1), ("),
            ("another database's conflict clause", self.first("insert"), " VALUES",
             " ON CONFLICT DO NOTHING VALUES"),
            ("everything goes", self.first("delete"), " WHERE ", " OR "),
            ("rows are read", self.first("select"), "1 = 0", "1 = 1"),
            ("a type is another", self.first("create"), "NUMBER(19)", "NUMBER(18)"),
            ("a type is unknown", self.first("create"), "BINARY_FLOAT", "BINARY_FLOTE"),
            ("a comma is missing", self.first("create"), "CLOB, ", "CLOB "),
            ("another statement", self.first("savepoint"), "SAVEPOINT ", "SAVE POINT "),
            ("a statement that Oracle does not have", self.first("savepoint"), "SAVEPOINT",
             "RELEASE SAVEPOINT"),
            ("no quotes", self.first("session"), "'", ""),
        ]
        for why, text, old, new in cases:
            with self.subTest(why):
                self.assertIn(old, text["text"])
                self.assertIsNotNone(self.refusal(text, text["text"].replace(old, new, 1)))

    def test_a_text_without_any_one_of_its_tokens_is_refused(self):
        for kind in ("insert", "merge", "delete", "select", "create"):
            text = self.first(kind, lambda text: text["updated"] or text["kind"] != "merge")
            tokens = re.findall(r'"[^"]*"|\w+|\S', text["text"])
            self.assertIsNone(self.refusal(text, self.spaced(tokens)))
            for index, token in enumerate(tokens):
                rest = self.spaced(tokens[:index] + tokens[index + 1:])
                with self.subTest(kind=kind, without=token, at=index):
                    self.assertIsNotNone(self.refusal(text, rest))

    @staticmethod
    def spaced(tokens):
        """The text of these tokens, with blanks where the dialect has them."""
        text = re.sub(r" ([,.)])", r"\1", re.sub(r"([.(]) ", r"\1", " ".join(tokens)))
        return re.sub(r"(NUMBER|VARCHAR2|RAW|TIMESTAMP) \(", r"\1(", text)


if __name__ == "__main__":
    unittest.main()
