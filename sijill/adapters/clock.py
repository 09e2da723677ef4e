"""The wall clock, asked in one place, so that a drill can run processes whose clocks are wrong.

SIJILL_CLOCK_SHIFT_S moves it by that many seconds, for drills only. The hub's day, what operators
date and what gauges show comes from here; durations are measured with the monotonic clock, and
leases with the database's.
"""

import os
import time
from datetime import datetime
from zoneinfo import ZoneInfo

VARIABLE = "SIJILL_CLOCK_SHIFT_S"


def now_s() -> float:
    """Return the seconds since 1970 that this process believes in."""
    return time.time() + _SHIFT_S


def today(time_zone: str) -> int:
    """Return the ordinal of the date in that time zone."""
    return datetime.fromtimestamp(now_s(), ZoneInfo(time_zone)).date().toordinal()


_SHIFT_S = float(os.environ.get(VARIABLE) or 0)
