"""Stories: a few sentences in the order in which they were said, and ways to deliver them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from hypothesis import strategies as st

from sijill.adapters.acceptance import Acceptor
from sijill.domain import alerts, rulebook
from sijill.domain.event import Event
from sijill.domain.rules.overlap import Overlap
from tests.properties import calm
from tests.properties.sentences import EXTRAS, SCENES, Draw, Slot, mentions, sentences
from tests.properties.telling import HUB_KEY, REGISTRY_KEY, Mention, Sentence
from tests.services.story import AS_OF

BOOK = rulebook.load("iraq")
ACCEPTOR = Acceptor(REGISTRY_KEY)
BATCHES_MAX = 5
NOBODY_ASKED = {"notice_id": "00" * 16, "basis": "1;;;0;IQD"}


class Message(NamedTuple):
    """A sentence as a registrar gets it."""

    topic: str
    value: bytes
    event: Event


@dataclass(frozen=True)
class Story:
    """What the ministries said, and the day on which the hub looks at it."""

    sentences: tuple[Sentence, ...]
    as_of: int = AS_OF

    @cached_property
    def messages(self) -> list[Message]:
        """The sentences as records, accepted; decisions answer the alerts of that moment."""
        told: list[Message] = []
        for sentence in self.sentences:
            more = {} if sentence.alert is None else self._answered(sentence, told)
            value = sentence.value(**more)
            event = ACCEPTOR.accept(sentence.topic, None, value, ())
            assert isinstance(event, Event), event
            told.append(Message(sentence.topic, value, event))
        return told

    @property
    def events(self) -> list[Event]:
        """The accepted events, in the order of the story."""
        return [message.event for message in self.messages]

    def voided(self) -> "Story":
        """Return the story with a void version of every record at its end."""
        last = {(s.topic, s.record_id): s for s in self.sentences}
        void = [
            replace(s, seq=9, text="void", fields={**s.fields, "status": "VOID"})
            for s in last.values()
        ]
        return Story((*self.sentences, *void), self.as_of)

    def _answered(self, sentence: Sentence, told: list[Message]) -> dict[str, str]:
        """Return notice and basis of the alert that a decision answers, if one is open."""
        found = calm.open_alerts((m.event for m in told), BOOK, self.as_of)
        ordered = sorted(found.items(), key=lambda item: _place(item[1].overlap))
        if not ordered or sentence.alert is None:
            return NOBODY_ASKED
        number, alert = ordered[sentence.alert % len(ordered)]
        return {
            "notice_id": alerts.notice_id(HUB_KEY, sentence.ministry, number).hex(),
            "basis": alerts.basis(HUB_KEY, alert.overlap),
        }

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - Hypothesis' hook
        """Tell the story where Hypothesis shows a failing example."""
        printer.text("\n".join(self._lines()))

    def _lines(self) -> Iterator[str]:
        yield f"a story, looked at on day {self.as_of - AS_OF:+d}:"
        for number, sentence in enumerate(self.sentences):
            yield f"  {number}. {sentence}"


def _place(overlap: Overlap) -> tuple[str, str, list[tuple[str, str]]]:
    return overlap.rule, overlap.period, [(f.ministry, f.record_id) for f in overlap.evidence]


@dataclass(frozen=True)
class Delivery:
    """Batches of numbers of sentences: any order, repetitions, any split.

    The hub begins `days` before the story's day and, with `old_book`, under a book that lacks
    some of the rules; day and book come before the batch number `turn`, or after all of them.
    """

    batches: tuple[tuple[int, ...], ...]
    days: int = 0
    old_book: bool = False
    turn: int = 0

    def then(self, numbers: Iterable[int]) -> "Delivery":
        """Return the delivery with one batch more at its end."""
        return replace(self, batches=(*self.batches, tuple(numbers)))

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:  # noqa: FBT001 - Hypothesis' hook
        """Tell the batches, parted by bars."""
        batches = " | ".join(" ".join(map(str, batch)) for batch in self.batches)
        early = f"; until batch {self.turn} {self.days} days earlier" if self.days else ""
        book = f"; until batch {self.turn} under an old book" if self.old_book else ""
        printer.text(f"delivered {batches}{early}{book}")


Told = tuple[Story, Delivery]

_DAYS = st.sampled_from((0, 0, 4, 40))
_OLD_BOOK = st.sampled_from((False, False, True))
_LATE = st.sampled_from((0, 5, 40))
_TURN = st.integers(0, BATCHES_MAX)
_SCENE = st.sampled_from(SCENES)
_EXTRA = st.lists(st.sampled_from(EXTRAS), max_size=1)
_FACES = st.lists(mentions, min_size=1, max_size=3)
_SKIPPED = st.sampled_from((True, False, False, False, False, False))
# A sentence arrives at some instants; eight instants make a batch. The instants are drawn with the
# sentence, so that an example shrinks by leaving sentences out.
_INSTANTS = st.lists(st.integers(0, 8 * BATCHES_MAX - 1), min_size=1, max_size=2)


@st.composite
def told(draw: Draw, *, more: int = 8) -> Told:
    """Return a story about at most six source records, and one way to deliver it."""
    cast = draw(_SCENE) + tuple(draw(_EXTRA))
    faces = draw(_FACES)
    # Most records of the cast are told once in turn, then any of them again.
    opening = [draw(_said((slot,), faces)) for slot in cast if not draw(_SKIPPED)]
    said = opening + draw(st.lists(_said(cast, faces), max_size=more))
    arrivals = sorted((at, number) for number, (_, ats) in enumerate(said) for at in ats)
    batches: dict[int, list[int]] = {}
    for at, number in arrivals:
        batches.setdefault(at // 8, []).append(number)
    delivery = Delivery(
        tuple(tuple(batch) for batch in batches.values()), draw(_DAYS), draw(_OLD_BOOK), draw(_TURN)
    )
    return Story(tuple(sentence for sentence, _ in said), AS_OF + draw(_LATE)), delivery


def _said(
    slots: tuple[Slot, ...], faces: list[Mention]
) -> st.SearchStrategy[tuple[Sentence, list[int]]]:
    """Return a sentence about one of the slots with the instants at which it arrives."""
    return st.tuples(sentences(slots, faces), _INSTANTS)
