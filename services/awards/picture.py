"""A prize's calendar as a picture with its table: when it opens and closes, the ceremony, and where today is. Pure."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from babel.dates import format_date, format_skeleton

from services.awards.edition import STOCKHOLM, Edition, clock, day, ends_at, ends_on
from shared.web.drawing import LETTER, NARROW, WIDE, Drawing, Figure, Label, Line, Rect
from shared.web.texts import LOCALES

BAR_TOP, BAR_HEIGHT = 34.0, 26.0
Say = Callable[[str], str]


def _ends(edition: Edition) -> tuple[datetime, datetime]:
    ceremony = datetime.combine(edition.ceremony_on, datetime.min.time(), STOCKHOLM) + timedelta(days=1)
    return edition.opens_at, max(ceremony, edition.closes_at + timedelta(days=1))


def _held(x: float, text: str, width: float) -> float:
    """Where a text of the middle stands so that it stays in the drawing."""
    half = len(text) * LETTER / 2 + 2
    return min(max(x, half), width - half)


def _drawing(edition: Edition, now: datetime, lang: str, say: Say, wide: bool) -> Drawing:
    drawing = Drawing(WIDE if wide else NARROW, 104.0)
    first, last = _ends(edition)
    locale, width = LOCALES[lang], drawing.width

    def x(moment: datetime) -> float:
        return width * min(max((moment - first) / (last - first), 0.0), 1.0)

    def short(date: date, clock: str) -> str:
        if wide:
            return f"{format_date(date, 'd MMMM y', locale=locale)} {clock}"
        return str(format_skeleton("MMMd", date, locale=locale))

    middle = x(edition.closes_at)
    parts = [(0.0, middle, "tone-2", "calendar.nominations"), (middle, width, "tone-3", "calendar.judging")]
    for left, right, tone, key in parts:
        drawing.rects.append(Rect(left, BAR_TOP, max(right - left - 2, 2), BAR_HEIGHT, tone, say(key)))
    ceremony = (
        format_date(edition.ceremony_on, "d MMMM y", locale=locale)
        if wide
        else format_skeleton("MMMd", edition.ceremony_on, locale=locale)
    )
    below = BAR_TOP + BAR_HEIGHT + 18
    opens = short(day(edition.opens_at), clock(edition.opens_at))
    closes = short(ends_on(edition.closes_at), ends_at(edition.closes_at))
    least, most = (len(opens) + 3) * LETTER, width - (len(str(ceremony)) + 3) * LETTER
    place = min(max(_held(middle, closes, width), least + len(closes) * LETTER / 2), most - len(closes) * LETTER / 2)
    foot = BAR_TOP + BAR_HEIGHT
    drawing.lines.append(Line(((middle - 1, foot), (middle - 1, foot + 2), (place, foot + 5)), "leader"))
    for at, anchor, key, text in (
        (0.0, "start", "calendar.opens", opens),
        (place, "middle", "calendar.closes", closes),
        (width, "end", "calendar.ceremony", str(ceremony)),
    ):
        drawing.labels.append(Label(at, below, say(key), anchor, "soft"))
        drawing.labels.append(Label(at, below + 18, text, anchor))
    if first <= now < last:
        today = x(now)
        drawing.lines.append(Line(((today, BAR_TOP - 8), (today, BAR_TOP + BAR_HEIGHT + 4)), "target"))
        text = say("calendar.today")
        drawing.labels.append(Label(_held(today, text, width), BAR_TOP - 14, text, "middle", "strong"))
    return drawing


def picture(edition: Edition, now: datetime, lang: str, say: Say, title: str) -> Figure:
    """The calendar; `say` gives the words."""
    locale = LOCALES[lang]

    def whole(date: date, clock: str) -> str:
        return f"{format_date(date, 'd MMMM y', locale=locale)} {clock}"

    rows = [
        [say("calendar.opens"), whole(day(edition.opens_at), clock(edition.opens_at))],
        [say("calendar.closes"), whole(ends_on(edition.closes_at), ends_at(edition.closes_at))],
        [say("calendar.ceremony"), str(format_date(edition.ceremony_on, "d MMMM y", locale=locale))],
    ]
    return Figure(
        f"calendar-{edition.prize_year}",
        title,
        _drawing(edition, now, lang, say, True),
        _drawing(edition, now, lang, say, False),
        [say("calendar.step"), say("calendar.when")],
        rows,
    )
