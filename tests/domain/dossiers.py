"""Cases for dossiers, from the small notation of golden cases."""

from datetime import date

from sijill.domain import alerts, rulebook
from sijill.domain.case_facts import read_world
from sijill.domain.disclosure import told
from sijill.domain.dossier import Case, Dossier, dossier
from sijill.domain.dossier.shapes import Revision, Said
from sijill.domain.dossier.subject import Subject
from sijill.domain.household import Name
from sijill.domain.rulebook import Book
from sijill.domain.rules.overlap import Overlap

KEY = b"key-of-the-tests"
IRAQ = rulebook.load("iraq")


def case(*lines: str, as_of: date, book: Book = IRAQ, said: tuple[Said, ...] = ()) -> Case:
    """Return the first overlap that the facts give as an alert that was raised on its first day."""
    world = read_world(lines, book)
    subjects = [Subject((person,), None) for person in world.persons]
    subjects += [
        Subject(world.persons, Name(family.ministry, family.roster, family.number))
        for family in world.households
    ]
    overlap, subject = next(
        (overlap, subject)
        for subject in subjects
        for overlap in subject.overlaps(book, as_of.toordinal())[0]
    )
    return stored(overlap, subject, book, said=said)


def stored(overlap: Overlap, subject: Subject, book: Book, *, said: tuple[Said, ...] = ()) -> Case:
    """Return an overlap as the registry would hold it."""
    number = alerts.alert_id(KEY, overlap)
    state = "RAISED" if overlap.verdict == "raised" else "PERMITTED"
    return Case(
        alert=number,
        overlap=overlap,
        open=True,
        stage="NONE",
        revision=1,
        raised_on=overlap.since,
        basis=alerts.basis(KEY, overlap),
        history=(Revision(1, state, "NONE", overlap.months, overlap.amount, overlap.since),),
        said=said,
        asked=tuple((m, alerts.notice_id(KEY, m, number)) for m in told(overlap, book)),
        subject=subject,
    )


def explained(
    *lines: str, as_of: date = date(2024, 6, 20), book: Book = IRAQ, lang: str = "en"
) -> Dossier:
    """Return the dossier of the first overlap that the facts give."""
    return dossier(case(*lines, as_of=as_of, book=book), book, as_of=as_of.toordinal(), lang=lang)
