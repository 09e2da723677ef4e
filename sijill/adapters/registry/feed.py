"""Feed freshness: how old and how new a source's events are, by their own dates."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sijill.adapters.postgres import Cursor
from sijill.domain.event import Event

if TYPE_CHECKING:
    from sijill.adapters.registry.batch import Arrival


def write(cursor: Cursor, arrivals: "Iterable[Arrival]") -> None:
    """Widen each topic's range of occurred_at by the accepted events of the batch."""
    seen: dict[str, tuple[int, int, int]] = {}
    for arrival in arrivals:
        if isinstance(arrival.verdict, Event):
            at = arrival.verdict.occurred_at
            oldest, newest, append = seen.get(arrival.topic, (at, at, 0))
            seen[arrival.topic] = (min(oldest, at), max(newest, at), max(append, arrival.append_ms))
    for topic, (oldest, newest, append) in sorted(seen.items()):
        cursor.execute(
            "INSERT INTO feed (topic, oldest_occurred, newest_occurred, newest_append) "
            "VALUES (%s, %s, %s, %s) ON CONFLICT (topic) DO UPDATE SET "
            "oldest_occurred = least(feed.oldest_occurred, excluded.oldest_occurred), "
            "newest_occurred = greatest(feed.newest_occurred, excluded.newest_occurred), "
            "newest_append = greatest(feed.newest_append, excluded.newest_append)",
            [topic, oldest, newest, append],
        )
