# SPDX-License-Identifier: Apache-2.0
"""Visits every state that a model can reach.

A model has `start()`, a state; `steps(state)`, the (label, state) pairs that may follow; `wrong(state)`,
what is wrong with a state, or None; and `good(state)`, whether all that was promised is done. States are
hashable. Two things are checked: no state that can be reached is wrong, and from each a good one can be
reached, so that nothing ends or goes in circles for ever. (A circle that can be left is no error.)
"""

from array import array
from typing import NamedTuple

STATES_MAX = 1_000_000


class Found(NamedTuple):
    states: int
    wrong: str  # What is wrong, or None.
    trace: list  # The labels of the shortest way there.


def explore(model, states_max=STATES_MAX):
    start = model.start()
    index, states, parents, labels = {start: 0}, [start], array("l", [0]), [None]
    sources, targets = array("l"), array("l")
    at = 0

    def trace(number):
        steps = []
        while number:
            steps.append(labels[number])
            number = parents[number]
        return steps[::-1]

    while at < len(states):
        what = model.wrong(states[at])
        if what:
            return Found(len(states), what, trace(at))
        for label, state in model.steps(states[at]):
            number = index.get(state)
            if number is None:
                number = index[state] = len(states)
                if number >= states_max:
                    raise RuntimeError(f"over {states_max} states: the model has no bound, or needs a lower one")
                states.append(state)
                parents.append(at)
                labels.append(label)
            sources.append(at)
            targets.append(number)
        at += 1

    lost = first_without_a_good_end(model, states, sources, targets)
    if lost is not None:
        return Found(len(states), "nothing that may follow ends well", trace(lost))
    return Found(len(states), None, [])


def first_without_a_good_end(model, states, sources, targets):
    """The number of the first state from which no good one can be reached, or None."""
    before = [[] for _ in states]
    for source, target in zip(sources, targets):
        before[target].append(source)
    todo = [number for number, state in enumerate(states) if model.good(state)]
    ends_well = bytearray(len(states))
    for number in todo:
        ends_well[number] = 1
    while todo:
        for number in before[todo.pop()]:
            if not ends_well[number]:
                ends_well[number] = 1
                todo.append(number)
    lost = ends_well.find(0)
    return None if lost < 0 else lost
