"""Worker processes that may die in native code: each works on a known item and is replaced."""

from __future__ import annotations

import contextlib
import faulthandler
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.pool import ExceptionWithTraceback
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 8  # results per process that may wait for the caller
# Sent by the system or by a user: they say nothing about the item.
FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True)
class Death:
    """How a worker process ended while it worked on an item.

    Attributes:
        status: exit status of the process; -N if signal N ended it.
    """

    status: int

    @property
    def from_outside(self) -> bool:
        """Whether the process was killed, for example because memory ran out."""
        return -self.status in FROM_OUTSIDE

    def __str__(self) -> str:
        if self.status >= 0:
            return f"exit status {self.status}"
        return f"signal {-self.status}, {(signal.strsignal(-self.status) or 'unknown').lower()}"


def guarded_map(
    function: Callable[[Item], Result], items: Iterable[Item], nj: int
) -> Iterator[tuple[Item, Result | Death]]:
    """Yield each item with `function(item)`, in order; with a Death if its process died.

    An item is sent to a process when the process has finished the one before, so it is known which
    item a process dies of. The item is tried again in a new process, because an earlier item may
    have damaged the memory of the first.

    Args:
        function: a module-level function.
        items: items to process.
        nj: number of processes, at least 1.

    Raises:
        Exception: the first one that `function` raises, in the order of `items`.
    """
    todo = enumerate(items)
    workers: list[_Worker[Item, Result]] = []
    finished: dict[int, tuple[Item, Result | Death | Exception]] = {}
    expected = 0
    try:
        while True:
            idle = [worker for worker in workers if worker.number is None]
            while len(finished) < AHEAD * nj and (idle or len(workers) < nj):
                number, item = next(todo, (None, None))
                if number is None:
                    break
                if not idle:
                    workers.append(_Worker(function))
                    idle.append(workers[-1])
                idle.pop().give(number, item)
            busy = {w.connection: w for w in workers if w.number is not None}
            if not busy and not finished:
                return
            if expected not in finished:
                for connection in multiprocessing.connection.wait(list(busy)):
                    worker = busy[connection]
                    number, item, reply = worker.take()
                    if isinstance(reply, Death):
                        workers.remove(worker)
                        if not worker.fresh:
                            workers.append(_Worker(function))
                            workers[-1].give(number, item)
                            continue
                    finished[number] = item, reply
            while expected in finished:
                item, result = finished.pop(expected)
                if isinstance(result, Exception):
                    raise result
                yield item, result
                expected += 1
    finally:
        for worker in workers:
            worker.end()


class _Worker(Generic[Item, Result]):
    """A process that applies a function to one item at a time.

    Attributes:
        number: number of the item it works on; None if it waits for one.
        fresh: whether it has not finished any item.
    """

    def __init__(self, function: Callable[[Item], Result]):
        self.connection, other = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=_serve, args=(function, other), daemon=True)
        self.process.start()
        other.close()  # so that the end of the process ends the connection
        self.number: int | None = None
        self.item: Item | None = None
        self.fresh = True

    def give(self, number: int, item: Item) -> None:
        self.number, self.item = number, item
        with contextlib.suppress(BrokenPipeError):  # it was killed; `take` says so
            self.connection.send(item)

    def take(self) -> tuple[int, Item, Result | Death | Exception]:
        """Return number and item, with the result, the exception it raised, or the death."""
        number, item = self.number, self.item
        self.number = self.item = None
        try:
            reply = self.connection.recv()
            self.fresh = False
        except (EOFError, OSError):
            self.process.join()
            reply = Death(self.process.exitcode)
        return number, item, reply

    def end(self) -> None:
        self.process.terminate()
        self.process.join()
        self.connection.close()


def _serve(function: Callable[[Item], Result], connection) -> None:
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller ends its workers
    faulthandler.disable()  # the caller reports a crash in one line
    while True:
        try:
            item = connection.recv()
        except EOFError:
            return
        try:
            connection.send(function(item))
        except Exception as error:
            connection.send(ExceptionWithTraceback(error, error.__traceback__))


def die_with_parent() -> None:
    """End this worker when its parent is killed; otherwise it would wait for tasks forever."""

    def watch() -> None:
        multiprocessing.connection.wait([multiprocessing.parent_process().sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
