"""Bisection: what fails is found, what is sound is done, and all of it in order."""

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import errors

from sijill.adapters.halt import HaltError
from sijill.adapters.refusal import UNPROCESSABLE, Refusal
from sijill.adapters.registry import set_aside
from sijill.adapters.registry.batch import Arrival, Batch, BookChanged, PositionBehind
from sijill.adapters.registry.bisection import Contended, blames_record, in_parts
from sijill.adapters.registry.clusters import Unsettled
from sijill.adapters.registry.positions import Place

REFUSAL = Refusal("NO_VALUE")


def halve(numbers: list[int]) -> list[list[int]]:
    """The two halves of a list, none of a single number."""
    middle = len(numbers) // 2
    return [numbers[:middle], numbers[middle:]] if middle else []


@given(st.integers(1, 60), st.sets(st.integers(0, 59)), st.integers(1, 60))
def test_every_record_is_done_once_in_order(count: int, bad: set[int], most: int) -> None:
    """Whatever breaks and however much contention allows at once, each record is met in order."""
    log: list[tuple[str, int]] = []

    def attempt(numbers: list[int]) -> int:
        if len(numbers) > most:
            raise Contended("40001")
        if bad & set(numbers):
            raise ValueError
        log.extend(("done", number) for number in numbers)
        return len(numbers)

    def aside(numbers: list[int], error: Exception) -> int:
        assert isinstance(error, ValueError)
        log.extend(("aside", number) for number in numbers)
        return 0

    done = sum(in_parts(list(range(count)), attempt, halve=halve, set_aside=aside))

    assert log == [("aside" if n in bad else "done", n) for n in range(count)]
    assert done == count - len(bad & set(range(count)))


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 1), st.integers(1, 4))), st.data())
def test_halves_say_what_the_whole_said(
    steps: list[tuple[str, int, int]], data: st.DataObject
) -> None:
    """Halves cover each partition's range without a gap, and each record lies within its half's."""
    offsets: dict[Place, int] = {}
    arrivals = []
    for topic, partition, gap in steps:
        offset = offsets.get((topic, partition), 10) + gap
        offsets[topic, partition] = offset
        arrivals.append(Arrival(topic, partition, offset, 0, None, None, (), REFUSAL))
    starts = dict.fromkeys(offsets, 10) | {("void", 0): 7}
    ends = {place: offset + data.draw(st.integers(1, 3)) for place, offset in offsets.items()}
    whole = Batch(arrivals, starts, ends | {("void", 0): 9})
    parts = [whole]
    while any(set_aside.halves(part) for part in parts):
        parts = [half for part in parts for half in set_aside.halves(part) or [part]]

    reached = dict(whole.starts)
    for part in parts:
        assert part.starts == {place: reached[place] for place in part.starts}
        assert part.starts.keys() == part.ends.keys()
        for arrival in part.arrivals:
            place = (arrival.topic, arrival.partition)
            assert part.starts[place] <= arrival.offset < part.ends[place]
        reached |= part.ends
    assert reached == whole.ends
    assert [a for part in parts for a in part.arrivals] == arrivals
    assert all(len(part.arrivals) <= 1 for part in parts)


@pytest.mark.parametrize(
    "error",
    [
        ValueError(), AssertionError(), RecursionError(), KeyError("x"), OverflowError(),
        errors.RaiseException(), errors.NumericValueOutOfRange(), errors.CheckViolation(),
        errors.ProgramLimitExceeded(), errors.ProtocolViolation(),
        errors.InternalError_(), psycopg.DataError("a NUL"),
    ],
)  # fmt: skip
def test_records_are_blamed(error: Exception) -> None:
    """An error of the program or of a value may be one record's own fault."""
    assert blames_record(error)


@pytest.mark.parametrize(
    "error",
    [
        HaltError(), MemoryError(), ConnectionResetError(), BookChanged(), PositionBehind(),
        Unsettled(), Contended("40001"), errors.SerializationFailure(), errors.DeadlockDetected(),
        errors.UniqueViolation(), errors.QueryCanceled(), errors.DiskFull(), errors.OutOfMemory(),
        errors.AdminShutdown(), errors.IoError(), errors.ReadOnlySqlTransaction(),
        errors.UndefinedTable(), errors.ConnectionFailure(), errors.DataCorrupted(),
        errors.InsufficientPrivilege(),
        psycopg.OperationalError("the connection is lost"), psycopg.InterfaceError(),
    ],
)  # fmt: skip
def test_others_are_not_blamed_on_records(error: Exception) -> None:
    """A conflict, a lost server, a full disk, a missing table or a named stop blames no record."""
    assert not blames_record(error)


@pytest.mark.parametrize("error", [HaltError(), errors.DiskFull(), Contended("40001")])
def test_other_errors_end_the_work(error: Exception) -> None:
    """What no record causes, and a conflict over one record, is raised and sets nothing aside."""

    def attempt(_: list[int]) -> int:
        raise error

    def aside(_: list[int], __: Exception) -> int:
        raise AssertionError

    with pytest.raises(type(error)):
        list(in_parts([1], attempt, halve=halve, set_aside=aside))


def test_one_record_may_stand_in_its_own_way() -> None:
    """A unique violation that one record meets at every try is its own."""

    def attempt(_: list[int]) -> str:
        raise Contended("23505")

    assert list(in_parts([1], attempt, halve=halve, set_aside=lambda _, __: "aside")) == ["aside"]


def test_without_a_record_the_error_is_raised() -> None:
    """A batch of void offsets that fails has no record to blame."""
    with pytest.raises(ZeroDivisionError):
        set_aside.without(Batch([], {("a", 0): 1}, {("a", 0): 2}), ZeroDivisionError())


def test_the_refused_record_is_as_it_came() -> None:
    """What is set aside keeps its bytes and has the reason of its own."""
    arrival = Arrival("a", 0, 1, 5, b"k", b"v", (("h", b"x"),), REFUSAL)
    rest = set_aside.without(Batch([arrival], {("a", 0): 1}, {("a", 0): 2}), ValueError())

    assert rest.arrivals == [arrival._replace(verdict=Refusal(UNPROCESSABLE))]
    assert set_aside.refused(rest) == [("a", 0, 1)]
