#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills, cuts and stops loads, and asks after each whether every promise was kept.

    harness.py [--seed N] [--kills N] [--seconds N] [--database NAME]… [--mutant NAME] [--plan]

One seed decides the faults, their places and their times. Without --seed: a new one, which is printed.
--kills N (default 1000): so many kills, at least. --seconds N: plans of new seeds until then; 0: for ever.
--plan: prints what would be done. Exit status: 0; 1: an invariant was broken, or a kill point, of
those that these databases have, was hit fewer than five times.

Needs a build with OUTFALL_KILL_POINTS; OUTFALL_BUILD says where. PYTHONPATH: tests/support.
"""

import argparse
import pathlib
import random
import signal
import sys
import threading
import time

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parents[1] / "support")]
from database import stop_servers  # noqa: E402
from plan import ALL, KINDS, KINDS_TOGETHER, MUTANTS, POINTS, ROUNDS, make_plan, reachable  # noqa: E402
from rounds import Runner  # noqa: E402
from tally import HITS_MIN, TITLES, Tally  # noqa: E402
from victim import PROGRAM  # noqa: E402

SOAK_GENERATIONS = 8


def run_plan(plan, tally, is_over=lambda: False, **options):
    """Runs a plan, each database in a thread of its own. An interrupt ends it after the generations at hand."""
    failures = []
    stopped = threading.Event()

    def run(name, generations):
        try:
            runner = Runner(name, tally, **options)
            try:
                runner.run(generations, lambda: stopped.is_set() or is_over())
            finally:
                runner.close()
        except Exception as error:  # pylint: disable=broad-except
            failures.append(error)

    since = time.monotonic()
    threads = [threading.Thread(target=run, args=item) for item in plan.items()]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        stopped.set()
        for thread in threads:
            thread.join()
        raise
    tally.seconds += time.monotonic() - since
    if failures:
        raise failures[0]


def verdict(tally, databases):
    """Prints the report. Whether all is well."""
    print(tally.report(databases))
    kinds = {name: KINDS_TOGETHER if "+" in name else KINDS for name in databases}
    rare = tally.rare_points([point for point in POINTS if any(
        reachable(point, name, road, poison) for name in databases for road, _, poison in kinds[name])])
    if rare:
        print(f"hit fewer than {HITS_MIN} times: {', '.join(rare)}")
    return not tally.broken and not rare


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--database", action="append", choices=ALL)
    parser.add_argument("--mutant", choices=MUTANTS, default="")
    parser.add_argument("--plan", action="store_true")
    return parser.parse_args(arguments)


def main(arguments):
    asked = parse(arguments)
    databases = asked.database or ALL
    seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(1 << 32)
    generations = max(1, -(-asked.kills // (ROUNDS * len(databases))))
    if asked.plan:
        for name, planned in make_plan(seed, databases, generations).items():
            for number, generation in enumerate(planned, 1):
                print(f"{TITLES.get(name, name)} {number}: {generation.road}, sinks {generation.sinks}, "
                      f"poison {generation.poison}, copy {generation.copy}")
                print("\n".join(f"  {planned_round}" for planned_round in generation.rounds))
        return 0
    if not PROGRAM.exists():
        print(f"{PROGRAM} is not there: make crash builds it, or set OUTFALL_BUILD", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    tally = Tally()
    until = time.monotonic() + asked.seconds if asked.seconds else None

    def is_over():
        return until is not None and time.monotonic() >= until

    try:
        while True:
            print(f"seed {seed}", flush=True)
            plan = make_plan(seed, databases, generations if asked.seconds is None else SOAK_GENERATIONS)
            run_plan(plan, tally, is_over, mutant=asked.mutant)
            if asked.seconds is None or is_over() or tally.broken:
                break
            print(f"{tally.total_kills} kills in {tally.seconds:.0f} s, nothing broken", flush=True)
            seed += 1
    except KeyboardInterrupt:
        print("interrupted")
    finally:
        stop_servers()
    return 0 if verdict(tally, databases) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
