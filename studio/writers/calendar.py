"""What a day is called: weekday, season and hour of a local moment."""

import re
from datetime import datetime

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SEASONS = ("winter", "spring", "summer", "autumn")
_SOUTH = re.compile(
    r"Australia/|Pacific/(?:Auckland|Fiji|Tongatapu)|Antarctica/|America/(?:Argentina|Sao_Paulo|Santiago|Montevideo|"
    r"Asuncion|La_Paz|Lima)|Africa/(?:Johannesburg|Harare|Windhoek|Maputo|Gaborone|Lusaka)|Indian/(?:Mauritius|Reunion)",
    re.IGNORECASE,
)


def season_of(moment: datetime, time_zone: str = "") -> str:
    """The meteorological season; south of the equator, as the time zone tells, half a year later."""
    turn = 2 if _SOUTH.match(time_zone or "") else 0
    return _SEASONS[(moment.month % 12 // 3 + turn) % 4]


def weekday_of(moment: datetime) -> str:
    return WEEKDAYS[moment.weekday()]


def day_of(moment: datetime, time_zone: str = "") -> str:
    """ "a Monday morning in autumn"; a day without an hour is "a Monday in autumn"."""
    hour = moment.hour
    if not (hour or moment.minute):
        return f"a {weekday_of(moment)} in {season_of(moment, time_zone)}"
    part = "night" if hour < 5 or hour >= 22 else "morning" if hour < 11 else "afternoon" if hour < 17 else "evening"
    return f"a {weekday_of(moment)} {part} in {season_of(moment, time_zone)}"
