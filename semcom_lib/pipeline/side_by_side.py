"""DVC's ``repro`` with several stages at a time, each as soon as the stages that it reads from are done.

DVC runs one stage after the other and leaves it to its users to start it several times. Here the commands of stages run side
by side, each in a thread that waits for it, while all of DVC's own work is one thread's at a time.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import wraps
from typing import Any

import networkx as nx
from dvc.repo import reproduce
from dvc.stage import Stage, run


def use(jobs: int) -> None:
    """Have ``dvc repro`` of this process run up to ``jobs`` stages at a time; it stops at the first failure."""
    turn = threading.Lock()  # of the thread that does DVC's work; nobody's while a command runs

    def others_turn(command: Callable[..., Any]) -> Callable[..., Any]:
        """In place of what frees DVC's lock of the folder while a command runs: the lock stays, the other threads go on."""

        @wraps(command)
        def wrapper(*arguments: Any, **options: Any) -> Any:
            turn.release()
            try:
                return command(*arguments, **options)
            finally:
                turn.acquire()

        return wrapper

    def reproduce_all(stages: Sequence[Stage], graph: nx.DiGraph, **options: Any) -> list[Stage]:
        options = {key: value for key, value in options.items() if key not in ("on_error", "force_downstream")}

        def one(stage: Stage) -> Stage | None:
            with turn:
                return reproduce._reproduce_stage(stage, upstream=[*graph.successors(stage)], **options)

        return _in_order(stages, graph, one, jobs)

    run.unlocked_repo = others_turn
    reproduce._reproduce = reproduce_all


def _in_order(
    stages: Sequence[Stage], graph: nx.DiGraph, one: Callable[[Stage], Stage | None], jobs: int
) -> list[Stage]:
    """Call ``one`` for all ``stages``, ``jobs`` at a time, each after those that it depends on. Returns those that ran.

    Of those that can begin it takes the one which the longest chain of others waits for. After a failure none begins any more,
    nor after an interrupt, which their commands receive as well; those that run are waited for.
    """
    among = graph.subgraph(stages)  # an edge leads from a stage to one that it reads from
    chain = _longest_chains(among)
    first = sorted(among, key=lambda stage: (-chain[stage], str(stage)))
    waiting = {stage: set(among.successors(stage)) for stage in first}
    running: dict[Future[Stage | None], Stage] = {}
    failed: dict[Stage, BaseException] = {}
    done: list[Stage] = []
    with ThreadPoolExecutor(jobs) as pool:
        while True:
            while len(running) < jobs and not failed:
                stage = next((stage for stage, before in waiting.items() if not before), None)
                if stage is None:
                    break
                del waiting[stage]
                running[pool.submit(one, stage)] = stage
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                stage = running.pop(future)
                if error := future.exception():
                    failed[stage] = error
                    continue
                done += [stage] if future.result() else []
                for before in waiting.values():
                    before.discard(stage)
    if failed:
        reproduce._raise_error(next(iter(failed.values())), *failed)
    return done


def _longest_chains(graph: nx.DiGraph) -> Mapping[Stage, int]:
    """Of each stage the length of the longest chain of stages that wait for it."""
    length: dict[Stage, int] = {}
    for stage in nx.topological_sort(graph):  # those first that nothing waits for
        length[stage] = 1 + max((length[reader] for reader in graph.predecessors(stage)), default=0)
    return length
