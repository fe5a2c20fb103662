#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts together what the contract suites have found.

    report.py REPORTS [SUITE…]            prints suites × cases
    report.py REPORTS --check [SUITE…]    and fails where a case failed, one of the suites has not
                                          run, or docs/types.md says something else
    report.py REPORTS --update [SUITE…]   and writes docs/types.md

REPORTS is where the suites left SUITE.matrix and SUITE.types: BUILD/contract. docs/types.md takes
all suites.
"""

import pathlib
import sys

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "types.md"
COMMAND = "python3 tests/contract/report.py build/dev/contract --update"

# The suites that have types, and what the document calls them.
TITLES = {
    "sqlite": "`sqlite`",
    "postgresql": "`postgresql`",
    "mysql": "`mysql`, MariaDB",
    "odbc-postgresql": "`odbc`, PostgreSQL",
    "odbc-mariadb": "`odbc`, MariaDB",
    "odbc-sqlite": "`odbc`, SQLite",
    "odbc-oracle": "`odbc`, stand-in for Oracle",
}
ORDER = ["null", *TITLES]
EXISTING = {  # Databases with tables that Outfall did not make: the native suite and ODBC's.
    "PostgreSQL": ("postgresql", "odbc-postgresql"),
    "MariaDB": ("mysql", "odbc-mariadb"),
    "SQLite": ("sqlite", "odbc-sqlite"),
}
HEAD = f"""# Types

Made by the tests that prove it (`{COMMAND}`):
every line has been seen to hold on a real server, PostgreSQL 15, MariaDB 10.11 or SQLite 3.40, and each value was read
back by the database's own client. Oracle is [a stand-in for tests](drivers/odbc-oracle.md).

What a column cannot hold as it is the library refuses when the row is put, and names the column
(`convert.lossy=round` lets it round). A type that is refused stops the sink when it is opened.
What Arrow's types become is [apart](arrow.md#types).

"""


def read(directory, suffix, suites):
    """{suite: rows of fields}, in the order of the suites."""
    found = {}
    for suite in suites:
        path = directory / f"{suite}.{suffix}"
        if path.is_file():
            lines = path.read_text(encoding="utf-8").split("\n")[:-1]
            found[suite] = [line.split("\t") for line in lines]
    return found


# ---- Suites × cases ------------------------------------------------------------------------------


def matrix(results):
    """Suites × cases as text; reasons are numbered below."""
    cases = list(dict.fromkeys(row[0] for rows in results.values() for row in rows))
    cells = {(row[0], suite): row for suite, rows in results.items() for row in rows}
    widths = {suite: max(len(suite), 7) for suite in results}
    reasons = {}
    lines = [" ".join([" " * 58, *(suite.ljust(widths[suite]) for suite in results)])]
    for case in cases:
        line = [case.ljust(58)]
        for suite in results:
            _, outcome, _, reason = cells.get((case, suite), (case, "not run", "0", ""))
            if reason:
                outcome = f"- ({reasons.setdefault(reason, len(reasons) + 1)})"
            line.append(outcome.ljust(widths[suite]))
        lines.append(" ".join(line))
    seconds = {suite: sum(int(row[2]) for row in rows) / 1000 for suite, rows in results.items()}
    lines.append(" ".join(["seconds".ljust(58),
                           *(f"{seconds[suite]:.1f}".ljust(widths[suite]) for suite in results)]))
    lines += [f"({number}) {reason}" for reason, number in reasons.items()]
    return "\n".join(line.rstrip() for line in lines)


def problems(results, suites):
    """What is wrong with the matrix: what failed, did not run, or was left out for no reason."""
    if not results:
        yield "no suite has run"
    most = max((len(rows) for rows in results.values()), default=0)
    for suite in suites:
        if suite not in results:
            yield f"{suite}: has not run"
    for suite, rows in results.items():
        if len(rows) != most:
            yield f"{suite}: did not come to its end"
        for case, outcome, _, reason in rows:
            if outcome not in ("ok", "-") or (outcome == "-") != bool(reason):
                yield f"{suite}: {case}: {outcome}"


# ---- docs/types.md -------------------------------------------------------------------------------


def code(text):
    """Inline code, also in a table."""
    return f"`{text}`".replace("|", "\\|")


def listed(text):
    return ", ".join(code(item) for item in text.split("\x1f")) if text else ""


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def made(facts):
    """The types that Outfall makes, and what they are described as where that is another."""
    rows = []
    for (what, subject), _ in facts["sqlite"].items():
        if what != "made":
            continue
        cells = []
        for suite in TITLES:
            described = facts[suite].get(("described", subject))
            same = "" if described == subject else f" = {described}"
            cells.append(code(facts[suite][("made", subject)]) + same if described else "refused")
        rows.append([subject, *cells])
    return table(["type", *TITLES.values()], rows)


def values(facts):
    """What came back as it went in, and what the column refuses."""
    rows = []
    for (what, subject), tried in facts["sqlite"].items():
        if what == "large":
            rows.append([subject, "", *("all" if ("large", subject) in facts[suite] else "none"
                                       for suite in TITLES)])
        if what != "tried":
            continue
        cells = []
        for suite in TITLES:
            refused = facts[suite].get(("not held", subject))
            cells.append("" if refused is None else f"not {listed(refused)}" if refused else "all")
        rows.append([subject, listed(tried), *cells])
    return table(["type", "tried", *TITLES.values()], rows)


def existing(facts, native, odbc):
    """Columns that are there already: what they are to each driver, and what was tried."""
    rows = []
    for (what, subject), described in facts[native].items():
        if what != "existing":
            continue
        cells = []
        for suite in (native, odbc):
            cell = facts[suite][("existing", subject)]
            refused = listed(facts[suite].get(("not held", subject), ""))
            cells.append(cell + (f"; not {refused}" if refused else ""))
        held = facts[native].get(("held", subject)) or facts[odbc].get(("held", subject), "")
        rows.append([code(subject), cells[0], "the same" if cells[1] == cells[0] else cells[1],
                     listed(held)])
    return table(["column", TITLES[native], TITLES[odbc], "read back"], rows)


def document(types):
    """docs/types.md, from what every suite has shown."""
    facts = {suite: {(row[0], row[1]): row[2] for row in rows} for suite, rows in types.items()}
    parts = [HEAD, "## Columns that are made\n\n", made(facts),
             "\n## Values\n\nBeside the types: what was tried, and what each column refuses of it.\n\n",
             values(facts)]
    for title, (native, odbc) in EXISTING.items():
        parts += [f"\n## Columns of {title} that are there\n\n", existing(facts, native, odbc)]
    return "".join(parts)


def main(arguments):
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    directory = pathlib.Path(arguments[0])
    suites = [argument for argument in arguments[1:] if not argument.startswith("--")]
    results = read(directory, "matrix", suites or ORDER)
    types = read(directory, "types", [suite for suite in TITLES if suite in results])
    print(matrix(results))
    wrong = list(problems(results, suites))
    missing = [suite for suite in TITLES if not types.get(suite)]
    if missing:
        print(f"docs/types.md is not compared: not run: {', '.join(missing)}")
    elif not wrong:
        made_anew = document(types)
        if "--update" in arguments:
            DOCUMENT.write_text(made_anew, encoding="utf-8")
        elif not DOCUMENT.is_file() or DOCUMENT.read_text(encoding="utf-8") != made_anew:
            wrong.append(f"docs/types.md is not what the suites have shown: {COMMAND}")
    for problem in wrong:
        print(problem, file=sys.stderr)
    return 1 if wrong and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
