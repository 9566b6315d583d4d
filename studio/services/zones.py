"""Wall times in time zones: what moment somebody means, also when clocks are put on or back."""

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

from studio.domain.post import Schedule
from studio.errors import StudioError


def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name. StudioError for any other."""
    try:
        if name not in available_timezones():
            raise ValueError(name)
        return ZoneInfo(name)
    except (ValueError, OSError):
        shown = str(name)[:40]
        raise StudioError(f"“{shown}” is no time zone.", "Write it like Europe/Berlin.", field="zone") from None


def schedule(local: str, name: str) -> Schedule:
    """The moment of a wall time. One that clocks skip moves on by what they skip; one that comes twice is the first."""
    place = zone(name)
    try:
        wall = datetime.fromisoformat(local.strip().replace(" ", "T"))
    except ValueError:
        raise StudioError("This is no time.", "Write it like 2026-11-26 18:30.", field="local") from None
    if wall.tzinfo:
        wall = wall.astimezone(place).replace(tzinfo=None)
    wall = wall.replace(second=0, microsecond=0, fold=0)
    note = ""
    try:
        there = wall.replace(tzinfo=place)
        moment = there.astimezone(timezone.utc)
        back = moment.astimezone(place).replace(tzinfo=None)
    except OverflowError:
        raise StudioError("This is no time.", "Choose one of the next years.", field="local") from None
    if back != wall:
        note = f"Clocks skip {wall:%H:%M} that day: it goes out at {back:%H:%M}."
        wall = back
    elif there.utcoffset() != wall.replace(tzinfo=place, fold=1).utcoffset():
        note = f"{wall:%H:%M} comes twice that day: it goes out the first time."
    return Schedule(local=wall.isoformat(timespec="minutes"), zone=name, at=iso(moment), note=note)


def at(moment: datetime, name: str) -> Schedule:
    """The schedule of a moment, for somebody in this zone."""
    moment = moment.astimezone(timezone.utc).replace(second=0, microsecond=0)
    local = moment.astimezone(zone(name)).replace(tzinfo=None)
    return Schedule(local=local.isoformat(timespec="minutes"), zone=name, at=iso(moment))


def iso(moment: datetime | float) -> str:
    """A moment, or seconds since 1970, as documents keep it."""
    if not isinstance(moment, datetime):
        moment = datetime.fromtimestamp(moment, timezone.utc)
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(text: str) -> float:
    """Seconds since 1970 of a moment as documents keep it. ValueError for anything else."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def later(text: str, by: float) -> str:
    """A kept moment, so many seconds on."""
    return iso(seconds(text) + by)


def moment(at_seconds: float) -> datetime:
    """Seconds since 1970 as a moment."""
    return datetime.fromtimestamp(at_seconds, timezone.utc)


def days_on(first: str, days: int) -> str:
    """The ISO day that many days after another. StudioError for what is no day."""
    try:
        return (date.fromisoformat(first) + timedelta(days=days)).isoformat()
    except (ValueError, OverflowError):
        raise StudioError("This is no day.", "Write it like 2026-11-26.", field="first") from None


def common() -> list[str]:
    """Zones a form offers; any other IANA name can be typed."""
    cities = (
        "Africa/Cairo", "Africa/Johannesburg", "Africa/Lagos", "America/Argentina/Buenos_Aires", "America/Bogota",
        "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Mexico_City", "America/New_York",
        "America/Sao_Paulo", "America/Toronto", "Asia/Bangkok", "Asia/Dubai", "Asia/Ho_Chi_Minh", "Asia/Hong_Kong",
        "Asia/Jakarta", "Asia/Karachi", "Asia/Kolkata", "Asia/Manila", "Asia/Seoul", "Asia/Shanghai",
        "Asia/Singapore", "Asia/Taipei", "Asia/Tokyo", "Australia/Sydney", "Europe/Amsterdam", "Europe/Berlin",
        "Europe/Istanbul", "Europe/Kyiv", "Europe/Lisbon", "Europe/London", "Europe/Madrid", "Europe/Paris",
        "Europe/Rome", "Europe/Stockholm", "Europe/Vienna", "Europe/Warsaw", "Europe/Zurich", "Pacific/Auckland",
    )  # fmt: skip
    return ["UTC", *cities]
