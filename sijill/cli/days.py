"""Days as options of commands: `2026-01-31` on the command line, an ordinal inside."""

from datetime import date

import click


class DayType(click.ParamType[int]):
    """A calendar day."""

    name = "date"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the ordinal of the day."""
        if isinstance(value, int):
            return value
        try:
            return date.fromisoformat(str(value)).toordinal()
        except ValueError:
            self.fail("a date is written as 2026-01-31", param, ctx)


DAY = DayType()
