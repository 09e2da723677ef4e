"""What happens to messages on the way: repeated, late, out of order, corrected, disputed, broken.

Nothing here changes what is true at the end: it changes how often and in which order things are
said. The outcome that each message must have is known when it is sent, since all versions of a
record lie on one partition, in the order in which they are yielded.
"""

import heapq
from collections import deque
from collections.abc import Iterator
from itertools import count
from random import Random
from typing import NamedTuple

from sijill.simulation.breakage import KINDS, break_message
from sijill.simulation.messages import Message, Sealer
from sijill.simulation.records import Draft
from sijill.simulation.truth import APPLIED, DUPLICATE, SUPERSEDED, RecordName, Truth

DELAY_MAX = 20_000
"""How many drafts later, at most, a held message is sent: bounds the memory, too."""

BROKEN_EVERY = 900

BATCH = 200
RESENT_EVERY = 9_000
"""After so many drafts somebody sends the last batch again, to be on the safe side."""

CORRECTABLE = {
    "enrollment": "delivery_centre",
    "payment": "payment_reference",
    "household": "delivery_centre",
    "income": "payer",
    "vital": "registration",
}
"""A field per stream whose value no rule reads: what a clerk gets wrong and corrects."""


class Rates(NamedTuple):
    """The chance of each disturbance, per message."""

    late: float = 0.006
    repeated: float = 0.008
    corrected: float = 0.010
    disputed: float = 0.0004
    unkeyed: float = 0.001
    other_framing: float = 0.003


class _Held(NamedTuple):
    due: int
    turn: int
    draft: Draft
    label: str


class Noise:
    """Sends drafts with disturbances, and tells the truth file the outcome of each message."""

    def __init__(self, sealer: Sealer, truth: Truth, rng: Random, rates: Rates) -> None:
        self._sealer = sealer
        self._truth = truth
        self._rng = rng
        self._rates = rates
        self._held: list[_Held] = []
        self._turns = count()
        # Of the records that have something held: the highest version sent, and how much is held.
        self._highest: dict[RecordName, int] = {}
        self._waiting: dict[RecordName, int] = {}
        self._breakages = list(KINDS)
        self._broken = 0
        self._latest: dict[str, Draft] = {}
        self._recent: deque[tuple[Draft, str]] = deque(maxlen=BATCH)

    def disturb(self, drafts: Iterator[Draft]) -> Iterator[Message]:
        """Yield the messages of all drafts, and everything that noise adds to them."""
        rates, rng = self._rates, self._rng
        for clock, draft in enumerate(drafts):
            while self._held and self._held[0].due <= clock:
                yield self._release()
            chance = rng.random()
            if chance < rates.late:
                self._hold(draft, clock)
            elif chance < rates.late + rates.repeated:
                yield from self._repeat(draft, clock)
            else:
                yield from self._rarely(draft, chance - rates.late - rates.repeated, clock=clock)
            self._latest[draft.stream] = draft
            if clock % BROKEN_EVERY == BROKEN_EVERY - 1:
                yield from self._break()
            if clock % RESENT_EVERY == RESENT_EVERY - 1:
                yield from self._send_again()
        while self._held:
            yield self._release()
        # Kinds take turns: after as many as there are, a short plan has shown them all, too.
        while self._broken < len(KINDS):
            yield from self._break()

    def _rarely(self, draft: Draft, chance: float, *, clock: int) -> Iterator[Message]:
        rates, rng = self._rates, self._rng
        if chance < rates.corrected:
            if draft.stream not in CORRECTABLE or draft.payload["status"] == "VOID":
                yield self._send(draft)
                return
            # Either the correction comes later, or it overtakes what it corrects.
            first, later = draft, _corrected(draft, "corrected")
            if rng.random() < 0.3:
                first, later = later, first
            self._hold(later, clock)
            yield self._send(first)
            return
        chance -= rates.corrected
        if draft.single and chance < rates.disputed and draft.stream in CORRECTABLE:
            yield self._send(draft)
            rival = _corrected(draft, "rival", step=0)
            self._truth.sent("DISPUTED")
            yield self._sealer.seal(rival)
        elif draft.single and chance < rates.disputed + rates.unkeyed:
            # Two bytes of another producer, or none: accepted, since keys are never trusted.
            key = None if rng.random() < 0.5 else b"another producer's key"
            yield self._send(draft)._replace(key=key)
        elif chance < rates.disputed + rates.unkeyed + rates.other_framing:
            yield self._send(draft, single_object=True)
        else:
            yield self._send(draft)

    def _send(self, draft: Draft, *, label: str = "", single_object: bool = False) -> Message:
        """Return the message of a draft that nothing newer has overtaken, so: applied."""
        self._truth.sent(APPLIED)
        self._saw(draft)
        label = label or self._sealer.label(draft.ministry)
        self._recent.append((draft, label))
        return self._sealer.seal(draft, label=label, single_object=single_object)

    def _saw(self, draft: Draft) -> None:
        if self._held and draft.record in self._waiting:
            seq = draft.payload["source_seq"]
            self._highest[draft.record] = max(self._highest.get(draft.record, -1), seq)

    def _repeat(self, draft: Draft, clock: int) -> Iterator[Message]:
        """Send, and hold the same again; half of the repetitions carry another label."""
        label = self._sealer.label(draft.ministry)
        self._hold(draft, clock, label=label if self._rng.random() < 0.5 else "")
        yield self._send(draft, label=label)

    def _hold(self, draft: Draft, clock: int, *, label: str = "") -> None:
        due = clock + self._rng.randrange(1, DELAY_MAX)
        heapq.heappush(self._held, _Held(due, next(self._turns), draft, label))
        record = draft.record
        self._waiting[record] = self._waiting.get(record, 0) + 1

    def _release(self) -> Message:
        """Return what was held longest; versions sent meanwhile decide what becomes of it."""
        held = heapq.heappop(self._held)
        record, seq = held.draft.record, held.draft.payload["source_seq"]
        label = held.label or self._sealer.label(held.draft.ministry)
        highest = self._highest.get(record, -1)
        if seq > highest:
            self._truth.sent(APPLIED)
            self._highest[record] = seq
            self._recent.append((held.draft, label))
        else:
            self._truth.sent(DUPLICATE if seq == highest else SUPERSEDED)
        self._waiting[record] -= 1
        if not self._waiting[record]:
            del self._waiting[record]
            self._highest.pop(record, None)
        return self._sealer.seal(held.draft, label=label)

    def _send_again(self) -> Iterator[Message]:
        """Send what was last applied once more, byte for byte, as after a doubtful transfer."""
        highest: dict[RecordName, int] = {}
        for draft, _ in self._recent:
            highest[draft.record] = draft.payload["source_seq"]
        for draft, label in self._recent:
            newest = highest[draft.record] == draft.payload["source_seq"]
            self._truth.sent(DUPLICATE if newest else SUPERSEDED)
            yield self._sealer.seal(draft, label=label)

    def _break(self) -> Iterator[Message]:
        """Send the next kind of breakage, made of the latest draft that it fits."""
        for name in self._breakages:
            for draft in self._latest.values():
                message = break_message(name, draft, self._sealer, turn=self._broken)
                if message is not None:
                    self._broken += 1
                    self._breakages.remove(name)
                    self._breakages.append(name)
                    self._truth.sent(KINDS[name].reason)
                    yield message
                    return


def _corrected(draft: Draft, word: str, *, step: int = 1) -> Draft:
    """Return the draft `step` versions later, with another value where no rule looks."""
    payload = draft.payload
    changes = {
        "source_seq": payload["source_seq"] + step,
        CORRECTABLE[draft.stream]: f"{word}-{payload['source_seq']}",
    }
    return draft._replace(payload={**payload, **changes})
