"""Random worlds of few people, in which identifiers, periods and versions collide often."""

import random
from datetime import date, timedelta
from typing import Any

from tests.oracle.pure import Sent

NUMBERS = ("198012345678", "198012345679", "199001010101")
GIVEN = ("علي", "Ali", "زينب", "حسن", "مريم", "كريم", "سعاد", "نور")
PROGRAMMES = (
    ("molsa", "spn"), ("molsa", "spn"), ("molsa", "spn"), ("trade", "spn"),
    ("pensions", "pension"), ("pensions", "pension"), ("prisoners", "rafha"),
    ("martyrs", "martyr-family"), ("krg-molsa", "krg-martyr"), ("disability", "disability"),
    ("trade", "food-basket"), ("molsa", "food-basket"), ("krg-molsa", "krg-welfare"),
    ("wfp", "unknown"),
)  # fmt: skip


class Chance:
    """One seed's world."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.crowd = self.rng.random() < 0.2
        self.sent: list[Sent] = []

    def world(self, records: int) -> list[Sent]:
        """Return the records of a world, some of them in several versions."""
        makers = (self.enrollment, self.payment, self.income, self.roster, self.death)
        for number in range(records):
            make = self.rng.choices(makers, weights=(6, 6, 3, 3, 2))[0]
            ministry, stream, record = make(f"r{number}")
            self.sent.append((ministry, stream, record))
            while self.rng.random() < 0.25:
                again = make(f"r{number}")[2] if self.rng.random() < 0.7 else record
                step = self.rng.choice((0, 1, 1))
                status = "VOID" if self.rng.random() < 0.2 else again["status"]
                again = {**again, "source_seq": record["source_seq"] + step, "status": status}
                self.sent.append((ministry, stream, again))
        self.rng.shuffle(self.sent)
        return self.sent

    def more(self) -> list[Sent]:
        """Return payments to people of whom the world told, which make alerts outgrow answers."""
        found: list[Sent] = []
        for number, (ministry, stream, record) in enumerate(self.sent):
            if stream == "enrollment" and record["programme"] == "spn" and self.rng.random() < 0.5:
                payment = self.payment(f"m{number}")[2]
                again = {"person": record["person"], "programme": "spn", "status": "MADE"}
                found.append((ministry, "payment", payment | again | {"household_number": None}))
        return found

    def decisions(self, asked: list[tuple[str, bytes, str]]) -> list[Sent]:
        """Return answers to some of the notices, given as (ministry, notice id, basis)."""
        codes = ("CONFIRMED", "FALSE_MATCH", "ON_HOLD", "UNDER_REVIEW", "WAIVED", "CLOSED")
        found: list[Sent] = []
        for number, (ministry, notice, basis) in enumerate(asked):
            if self.rng.random() < 0.7:
                record = {
                    **self.common(f"d{number % 9}"), "notice_id": notice.hex(), "basis": basis,
                    "status": self.rng.choice(("ISSUED", "ISSUED", "ISSUED", "VOID")),
                    "code": self.rng.choice(codes),
                    "until": self.day() if self.rng.random() < 0.4 else None,
                }  # fmt: skip
                sender = ministry if self.rng.random() < 0.9 else "wfp"
                found.append((sender, "decision", record))
        return found

    def common(self, name: str) -> dict[str, Any]:
        """Return the fields of every stream."""
        return {
            "event_id": f"{name}/{self.rng.randrange(1000)}",
            "source_record_id": name,
            "source_seq": self.rng.randrange(3),
            "occurred_at": f"2026-01-{self.rng.randrange(1, 28):02d}T12:00:00Z",
        }

    def person(self) -> dict[str, Any]:
        """Return somebody: few numbers among all, so that records meet and conflict."""
        rng = self.rng
        ids = []
        if self.crowd and rng.random() < 0.8:
            ids.append(("BENEFICIARY_NUMBER", "SHARED"))
        if rng.random() < 0.75:
            ids.append(("NATIONAL_NUMBER", rng.choice(NUMBERS)))
        if rng.random() < 0.5:
            ids.append(("PASSPORT", rng.choice(("A-1", "a1", "B2", "000"))))
        if rng.random() < 0.4:
            ids.append(("BENEFICIARY_NUMBER", rng.choice(("7", "8"))))
        if rng.random() < 0.3:
            ids.append(("PHONE", "0770"))
        rng.shuffle(ids)
        block: dict[str, Any] = {
            "identifiers": [{"kind": kind, "value": value} for kind, value in ids],
            "sex": rng.choice(("MALE", "FEMALE", "UNKNOWN", "MALE")),
            "birth_precision": rng.choice(("DAY", "YEAR", "UNKNOWN")),
        }
        if rng.random() < 0.8:
            block["given"] = rng.choice(GIVEN)
        if rng.random() < 0.7:
            block["birth_date"] = f"{rng.randrange(1950, 2000)}-07-01"
        if rng.random() < 0.5:
            block["governorate"] = rng.choice(("baghdad", "basra"))
        return block

    def day(self) -> str:
        """Return a day around the as-of day of 2026-06-01."""
        first = date(2025, 6, 1)
        return (first + timedelta(days=self.rng.randrange(500))).isoformat()

    def period(self, prefix: str) -> dict[str, Any]:
        """Return a period that is open half of the time."""
        first = self.day()
        through = date.fromisoformat(first) + timedelta(days=self.rng.randrange(200))
        ends = None if self.rng.random() < 0.5 else through.isoformat()
        return {f"{prefix}_from": first, f"{prefix}_through": ends}

    def family(self) -> str | None:
        """Return a household's number, or none."""
        return self.rng.choice(("H1", "H1", "H2", None))

    def enrollment(self, name: str) -> Sent:
        """Return an enrollment, perhaps by a ministry that does not own the programme."""
        ministry, programme = self.rng.choice(PROGRAMMES)
        record = {
            **self.common(name), **self.period("enrolled"), "programme": programme,
            "status": self.rng.choice(("ACTIVE", "ACTIVE", "SUSPENDED", "EXITED", "PROPOSED")),
            "person": self.person(), "household_number": self.family(),
            "category_codes": self.rng.choice(([], ["WIDOW"])),
        }  # fmt: skip
        if self.rng.random() < 0.3:
            record["suspensions"] = [self.period("suspended")]
        if self.rng.random() < 0.4:
            record["waivers"] = [{"code": "court-order", **self.period("waived")}]
        return ministry, "enrollment", record

    def payment(self, name: str) -> Sent:
        """Return a payment for one of few months."""
        ministry, programme = self.rng.choice(PROGRAMMES)
        month = self.rng.choice(("2026-03", "2026-04", "2026-05", "2026-06"))
        return ministry, "payment", {
            **self.common(name), "programme": programme, "person": self.person(),
            "status": self.rng.choice(("MADE", "MADE", "MADE", "PLANNED", "REVERSED")),
            "period": month, "period_through": f"{month}-28",
            "period_from": f"{month}-{self.rng.choice((1, 1, 10, 20)):02d}",
            "amount": self.rng.randrange(1, 5) * 100_000, "form": "CASH",
            "currency": self.rng.choice(("IQD", "IQD", "USD")),
            "household_number": self.family(),
        }  # fmt: skip

    def income(self, name: str) -> Sent:
        """Return an income with its amounts."""
        amounts = [
            {**self.period("amount"), "amount": self.rng.choice((200_000, 250_000, 450_000)),
             "currency": self.rng.choice(("IQD", "IQD", "USD")),
             "component": self.rng.choice((None, "base"))}
            for _ in range(self.rng.randrange(3))
        ]  # fmt: skip
        return "finance", "income", {
            **self.common(name), **self.period("income"), "status": "ACTIVE", "amounts": amounts,
            "kind": self.rng.choice(("PUBLIC_SALARY", "PUBLIC_SALARY", "PENSION", "INSURED_WORK")),
            "person": self.person(),
        }  # fmt: skip

    def roster(self, name: str) -> Sent:
        """Return a roster of up to three lines."""
        lines = [
            {"line_id": str(line), "person": self.person(), **self.period("member"),
             "role": self.rng.choice(("HEAD", "SPOUSE", "CHILD"))}
            for line in range(self.rng.randrange(4))
        ]  # fmt: skip
        return "molsa", "household", {
            **self.common(name), "status": "ACTIVE", "roster": "spn-family", "lines": lines,
            "household_number": self.family() or "H3", "governorate": "nineveh",
        }  # fmt: skip

    def death(self, name: str) -> Sent:
        """Return a death, perhaps by a register of lower rank."""
        ministry = self.rng.choice(("interior", "molsa", "martyrs"))
        return ministry, "vital", {
            **self.common(name), "status": "RECORDED", "kind": "DEATH", "person": self.person(),
            "event_date": self.day(),
        }  # fmt: skip
