"""Named places where a drill kills or freezes this process; inert without SIJILL_FAULT.

SIJILL_FAULT is `point:passage:act:file`: at which point, on which passage of it in this process,
counted from 1, and whether to `kill` (SIGKILL) or to `freeze` (SIGSTOP, until SIGCONT). The hit is
added to the file, and is durable there, before it strikes: a drill whose fault did not hit has
shown nothing. Only `make faults` and tests set it; children of `sijill up` never inherit it.
"""

import os
import signal
from typing import NamedTuple

VARIABLE = "SIJILL_FAULT"

POINTS = {
    "registrar.fetched": "records are read from Kafka, nothing is done with them",
    "source.assigned": "partitions are ours and have position rows, nothing is read of them",
    "batch.locked": "in the transaction: records and clusters are locked, nothing is written",
    "batch.written": "in the transaction: the registry is written, the positions are not moved",
    "batch.committing": "in the transaction: all is written, the commit is next",
    "registrar.committed": "the batch is committed, Kafka's offset is not",
    "clusters.retried": "in the transaction: locks were given up, the union is to be locked",
    "due.committing": "in the transaction of due work: all is written, the commit is next",
    "operations.committing": "in an operation's transaction: all is written, the commit is next",
    "relay.reigning": "the database knows the new relay, Kafka does not yet",
    "relay.numbering": "in the transaction that numbers rows: the commit is next",
    "relay.numbered": "numbers and versions are durable, nothing is in Kafka",
    "relay.publishing": "in the Kafka transaction: the records are in the log, uncommitted",
    "relay.published": "the records are committed in Kafka, the database does not know",
    "relay.recorded": "the database knows what is in Kafka",
    "recovery.waiting": "the topics are another generation's, nothing is done about it",
    "recovery.folded": "what the output topics tell is known, nothing is written",
    "recovery.adopting": "in the transaction that takes the topics over: the commit is next",
    "recovery.adopted": "the database has a new generation, the progress topic the old one",
}
"""Every point and what is true there; a test compares this table with the code."""

SIGNALS = {"kill": signal.SIGKILL, "freeze": signal.SIGSTOP}


class FaultVariableError(ValueError):
    """The variable does not name a point, a passage, an act and a file."""


class _Strike(NamedTuple):
    point: str
    passage: int
    act: str
    file: str


def faultpoint(name: str) -> None:
    """Strike here if the variable says so; otherwise do nothing, at the cost of one comparison."""
    if _STRIKE is not None and _STRIKE.point == name:
        _pass(_STRIKE)


def armed() -> bool:
    """Whether a fault is set for this process."""
    return _STRIKE is not None


def _parse(text: str) -> _Strike | None:
    """Return what the variable says; FaultVariableError when a drill would wait in vain."""
    if not text:
        return None
    point, passage, act, file = (text.split(":", 3) + [""] * 4)[:4]
    counted = passage.isdecimal() and int(passage) > 0
    if point not in POINTS or not counted or act not in SIGNALS or not file:
        raise FaultVariableError(f"{VARIABLE} must be POINT:PASSAGE:{'|'.join(SIGNALS)}:FILE")
    return _Strike(point, int(passage), act, file)


def _pass(strike: _Strike) -> None:
    _PASSAGES.append(strike.point)
    if len(_PASSAGES) != strike.passage:
        return
    with open(strike.file, "a", encoding="utf-8") as file:  # noqa: PTH123 - named by a drill
        file.write(f"{strike.point} {strike.passage} {strike.act} {os.getpid()}\n")
        file.flush()
        os.fsync(file.fileno())
    os.kill(os.getpid(), SIGNALS[strike.act])


_STRIKE = _parse(os.environ.get(VARIABLE, ""))
_PASSAGES: list[str] = []
