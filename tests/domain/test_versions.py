"""Proofs of wire versions: gapless per key, each content change once."""

from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from sijill.domain.versions import Key, Last, Waiting, assign

TOPIC = "sijill.alert.overlap.v1"


def row(id: int, key: bytes, revision: int, content: bytes | None) -> Waiting:
    """Return a versioned row; content None makes it a tombstone."""
    value = None if content is None else b"body of " + content
    return Waiting(id, TOPIC, key, revision, content, 7, value, None)


def test_rows_of_a_key_go_by_revision_and_repetitions_are_dropped() -> None:
    """A content that the key's last record had is not sent; a return to an older one is."""
    rows = [
        row(4, b"k", 4, b"a"),
        row(1, b"k", 1, b"a"),
        row(2, b"k", 2, b"a"),
        row(3, b"k", 3, b"b"),
    ]

    sent, dropped, last = assign(rows, {})

    assert [(s.row.id, s.version) for s in sent] == [(1, 1), (3, 2), (4, 3)]
    assert [r.id for r in dropped] == [2]
    assert last == {(TOPIC, b"k"): Last(3, b"a")}


def test_tombstone_takes_no_version() -> None:
    """A tombstone is sent once, and the key counts on after it."""
    rows = [
        row(1, b"k", 1, b"a"),
        row(2, b"k", 2, None),
        row(3, b"k", 3, None),
        row(4, b"k", 4, b"a"),
    ]

    sent, dropped, _ = assign(rows, {})

    assert [(s.row.id, s.version) for s in sent] == [(1, 1), (2, 1), (4, 2)]
    assert [r.id for r in dropped] == [3]


def test_tombstone_of_an_unknown_key_is_dropped() -> None:
    """Where nothing was published there is nothing to delete."""
    sent, dropped, last = assign([row(1, b"k", 1, None)], {})

    assert (sent, [r.id for r in dropped], last) == ([], [1], {})


def test_unversioned_rows_all_go_out_as_they_are() -> None:
    """A row without a schema id takes no version and is never compared."""
    plain = [
        Waiting(n, "sijill.receipt.molsa.v1", b"p", 0, None, None, b"same", None) for n in (2, 1)
    ]

    sent, dropped, last = assign(plain, {})

    assert ([(s.row.id, s.version) for s in sent], dropped, last) == (
        [(1, None), (2, None)],
        [],
        {},
    )


@given(
    st.lists(st.tuples(st.sampled_from(b"xyz"), st.sampled_from([b"a", b"b", None]), st.booleans()))
)
def test_any_cut_into_batches_gives_the_same_records(
    steps: list[tuple[int, bytes | None, bool]],
) -> None:
    """However the outbox is cut, each key's versions are gapless from 1 and the records equal."""
    rows = [row(n, bytes([key]), n, content) for n, (key, content, _) in enumerate(steps)]
    whole, _, _ = assign(rows, {})

    published: dict[Key, Last] = {}
    parts, batch = [], []
    for item, (_, _, cut) in zip(rows, steps, strict=True):
        batch.append(item)
        if cut:
            sent, _, changed = assign(batch, published)
            published |= changed
            parts += sent
            batch = []
    parts += assign(batch, published)[0]

    assert sorted(parts) == sorted(whole)
    in_order = sorted(whole, key=lambda s: (s.row.key, s.row.id))
    for _, group in groupby(in_order, key=lambda s: s.row.key):
        versions = [s.version for s in group if s.row.value is not None]
        assert versions == list(range(1, len(versions) + 1))
