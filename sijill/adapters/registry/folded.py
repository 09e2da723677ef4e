"""What the fold of one batch says, and how it is written."""

from collections.abc import Callable

from sijill.adapters.postgres import Cursor, bigint_array, bytea_array, copy_rows, update_rows
from sijill.adapters.registry import identifiers
from sijill.adapters.registry.alerts import Finding
from sijill.adapters.registry.plain import Period, Said
from sijill.domain.event import Fact
from sijill.domain.household import Name
from sijill.domain.regroup import Line
from sijill.domain.rules.overlap import PersonFacts


class Folded:
    """Everything that the fold of one batch says, gathered over its worksets."""

    def __init__(self) -> None:
        """Start with nothing changed."""
        self.rows: dict[int, tuple[bytes, int]] = {}
        self.known: set[int] = set()
        self.dissolved: set[int] = set()
        self.tokens: dict[bytes, int | None] = {}
        self.forgotten: set[bytes] = set()
        self.thawed: set[bytes] = set()
        self.carriers: list[tuple[bytes, Fact, int]] = []
        # Arriving records with their cluster and packed fact; standing facts packed anew.
        self.placed: dict[bytes, tuple[int, bytes]] = {}
        self.rewritten: dict[Line, bytes] = {}
        self.moved: dict[bytes, int] = {}
        self.moved_lines: dict[Line, int] = {}
        self.lines: list[tuple[object, ...]] = []
        self.rosters: set[bytes] = set()
        self.names: dict[bytes, Name] = {}
        # Households to evaluate in any case, and those near a plain person who has changed; what
        # plain persons were paid, and are enrolled in, in the name of a household.
        self.households: set[bytes] = set()
        self.near: set[bytes] = set()
        self.paid: dict[bytes, list[Period]] = {}
        self.held: dict[bytes, set[str]] = {}
        self.links_new: set[tuple[bytes, int]] = set()
        self.links_old: set[tuple[bytes, int]] = set()
        self.found: dict[bytes, Finding] = {}
        self.lost: set[bytes] = set()
        self.persons: dict[bytes, Said] = {}
        self.homes: dict[bytes, int] = {}
        self.persons_known: set[bytes] = set()
        self.gone: set[bytes] = set()
        self.views: dict[int, list[PersonFacts]] = {}
        self.revision = 0


def write(cursor: Cursor, folded: Folded, book_seq: int) -> None:
    """Write clusters, identifiers, roster lines, persons and who belongs to which household."""
    columns = {"id": "int8", "state": "bytea", "next_change": "int4", "book_seq": "int8"}
    rows = [(n, packed, day, book_seq) for n, (packed, day) in sorted(folded.rows.items())]
    new = [r for r in rows if r[0] not in folded.known]
    if new:
        copy_rows(cursor, "cluster", columns, new)
    update_rows(cursor, "cluster", columns, [r for r in rows if r[0] in folded.known])
    gone = folded.dissolved - folded.rows.keys()
    if gone:
        cursor.execute("DELETE FROM cluster WHERE id = ANY(%s)", [bigint_array(sorted(gone))])
    if folded.thawed:
        thawed = bytea_array(sorted(folded.thawed))
        cursor.execute("DELETE FROM carrier WHERE token = ANY(%s)", [thawed])
    identifiers.move(cursor, folded.tokens)
    identifiers.forget(cursor, folded.forgotten)
    identifiers.add_carriers(cursor, folded.carriers)
    _write_lines(cursor, folded)
    _write_persons(cursor, folded)
    _write_links(cursor, folded)


def _write_lines(cursor: Cursor, folded: Folded) -> None:
    columns = {
        "record": "bytea", "line": "text", "household": "bytea", "cluster": "int8",
        "role": "text", "start": "int4", "stop": "int4", "fact": "bytea",
    }  # fmt: skip
    if folded.rosters:
        cursor.execute(
            "DELETE FROM member WHERE record = ANY(%s)", [bytea_array(sorted(folded.rosters))]
        )
    if folded.lines:
        copy_rows(cursor, "member", columns, folded.lines)
    rewritten = [(*line, packed) for line, packed in sorted(folded.rewritten.items())]
    rosters = [(record, line, packed) for record, line, packed in rewritten if line]
    update_rows(
        cursor, "member", {"record": "bytea", "line": "text", "fact": "bytea"}, rosters, keys=2
    )
    others = [(record, packed) for record, line, packed in rewritten if not line]
    update_rows(cursor, "record", {"key": "bytea", "fact": "bytea"}, others)
    moved = [(*line, number) for line, number in sorted(folded.moved_lines.items())]
    update_rows(
        cursor, "member", {"record": "bytea", "line": "text", "cluster": "int8"}, moved, keys=2
    )


_PERSON = {
    "key": "bytea", "given": "text", "father": "text", "grandfather": "text",
    "great_grandfather": "text", "family": "text", "mother_given": "text",
    "mother_father": "text", "sex": "text", "birth": "int4", "birth_precision": "text",
    "death": "int4", "governorate": "text", "district": "text", "country": "text",
    "cluster": "int8",
}  # fmt: skip


def _write_persons(cursor: Cursor, folded: Folded) -> None:
    rows = [(*said[0], folded.homes[key]) for key, said in sorted(folded.persons.items())]
    known: Callable[[bytes], bool] = folded.persons_known.__contains__
    fresh = [r for r in rows if not known(r[0])]
    if fresh:
        copy_rows(cursor, "person", _PERSON, fresh)
    update_rows(cursor, "person", _PERSON, [r for r in rows if known(r[0])])
    folded.gone.difference_update(folded.persons)
    if folded.gone:
        cursor.execute("DELETE FROM person WHERE key = ANY(%s)", [bytea_array(sorted(folded.gone))])


def _write_links(cursor: Cursor, folded: Folded) -> None:
    added = sorted(folded.links_new - folded.links_old)
    removed = sorted(folded.links_old - folded.links_new)
    if removed:
        cursor.execute(
            "DELETE FROM household_cluster USING unnest(%s::bytea[], %s::bigint[]) AS g (h, c) "
            "WHERE household = h AND cluster = c",
            [bytea_array([h for h, _ in removed]), bigint_array([c for _, c in removed])],
            prepare=False,
        )
    if added:
        copy_rows(cursor, "household_cluster", {"household": "bytea", "cluster": "int8"}, added)
