"""Invented nominations for the integration prize, and how the jury finds them: every kind of nominee, two rounds."""

from collections.abc import Iterator
from datetime import date, timedelta

from deploy.local.year.steps import Announce, Assess, Decide, Join, Judge, LookIn, Nominate, SignIn, Step

# The demo's three members of the jury, as `people.toml` has them.
JURY = tuple(f"5d0f3f0a-7c1e-4d52-9b0a-0a6a7a4b1c{n}" for n in (10, 11, 15))
YEARS = (2018, 2019)
_FIRST, _NEXT = date(2018, 10, 1), date(2019, 2, 12)
# nominee, kind, why, who says so, address, language, days after the first
_NOMINATIONS = (
    ("Språkkaféet Lyktan", "group", "Varje torsdag dukar de fram kaffe och tålamod, och ingen fråga är för liten.",
     "Vellina Morkesh", "vellina@landa.example", "sv", 0),
    ("Tallsunda Bollklubb", "association", "Lånar ut skor, hämtar barn och låter alla spela hela matchen.",
     "Rikard Ulvtorn", None, "sv", 2),
    ("Suroneya Tevani", "person", "Hon följer med på första läkarbesöket, också när bussen går före sex.",
     "Lotta Grenskog", "lotta.grenskog@landa.example", "sv", 3),
    ("Tallsunda folkbibliotek", "organisation", "Läxhjälp på fyra språk och en hylla där alla hittar sin bok.",
     "Keshadar Lovun", "kesh@landa.example", "sv", 7),
    ("Bageri Sju Korn", "company", "Nine people have had their first Swedish job here, and all nine had a mentor.",
     "Moresa Dulun", "moresa@landa.example", "en", 9),
    ("Cykelköket vid ån", "group", "De lagade åttio cyklar och lärde nittio personer att laga den nästa.",
     "Nils Brovall", None, "sv", 14),
    ("Vedorik Hutesh", "person", "Tränar de yngsta, tolkar för föräldrarna och glömmer aldrig någons namn.",
     "Anna Tallhed", "anna.tallhed@landa.example", "sv", 16),
    ("Systugan Tråden", "association", "Sömnad, svenska och skratt, och nu en egen liten butik vid torget.",
     "Fenelina Zuvani", None, "sv", 21),
    ("Åkerby snickeri", "company", "Tar emot praktikanter året om och betalar ut mer förtroende än de måste.",
     "Per Lindhage", "per@landa.example", "sv", 24),
    ("Vuxenskolans kvällslag", "organisation", "Håller öppet när barnen somnat, så att även föräldrar hinner läsa.",
     "Yemora Kebari", None, "sv", 28),
)  # fmt: skip
_NEXT_NOMINATIONS = (
    ("Odlarna på Norräng", "association", "Trettio lotter, sexton språk och en kompost som alla är stolta över.",
     "Sorela Banteki", "sorela@landa.example", "sv", 0),
    ("Kören Samklang", "group", "De sjunger på alla språk som någon i kören drömmer på, och alla får vara med.",
     "Ivar Sundmark", None, "sv", 5),
    ("Odlarföreningen Norräng", "association", "Där lärde jag mig både svenska ord och svensk jord, och fick grannar.",
     "Tavindra Olesh", "tavindra@landa.example", "sv", 9),
    ("Lenaria Movishti", "person", "Hon startade läxläsningen i tvättstugan, som nu är kommunens största.",
     "Helga Strömfors", "helga@landa.example", "sv", 14),
    ("Fiket Ankaret", "company", "Varje praktikant får en nyckel till lokalen första dagen. Det säger allt.",
     "Bo Ekehage", None, "sv", 22),
)  # fmt: skip
# nominee -> points of the three, None: not given; and what one of them says
_POINTS: dict[str, tuple[tuple[int | None, ...], str]] = {
    "Språkkaféet Lyktan": ((9, 8, 9), "Det är lugnt där, och alla kommer tillbaka."),
    "Tallsunda Bollklubb": ((7, 6, 7), "Bra, men mest för barn som redan spelar."),
    "Suroneya Tevani": ((8, 9, 7), "Gör på egen tid det som andra har betalt för."),
    "Tallsunda folkbibliotek": ((6, 5, 6), "Fint, och redan kommunens uppdrag."),
    "Bageri Sju Korn": ((7, 8, 6), "Nio anställningar är många för ett litet bageri."),
    "Cykelköket vid ån": ((8, None, 7), "Folk lär sig något som de lär vidare."),
    "Vedorik Hutesh": ((7, 7, 8), "Binder ihop barn och föräldrar."),
    "Systugan Tråden": ((9, 9, 9), "Från hobby till arbete, och med humor."),
    "Vuxenskolans kvällslag": ((5, 6, 6), "Viktiga tider, få deltagare än."),
}
_NEXT_POINTS: dict[str, tuple[tuple[int | None, ...], str]] = {
    "Odlarna på Norräng": ((8, None, 7), "Integration som går att äta."),
    "Kören Samklang": ((6, None, None), "Roligt, men vad leder det till?"),
}
_MOTIVATIONS = (
    "För att de gör vägen från första stygnet till första lönen kort, och låter alla gå den.",
    "För att ingen fråga är för liten när kaffet är varmt och tålamodet stort.",
)


def nominations(year: int) -> list[Nominate]:
    first, found = (_FIRST, _NOMINATIONS) if year == YEARS[0] else (_NEXT, _NEXT_NOMINATIONS)
    return [
        Nominate(first + timedelta(days=after), nominee, kind, citation, nominator, email, language, year)
        for nominee, kind, citation, nominator, email, language, after in found
    ]


def _judged(days: tuple[date, ...], points: dict[str, tuple[tuple[int | None, ...], str]]) -> Iterator[Judge]:
    for nominee, (given, comment) in points.items():
        for place, (juror, day, score) in enumerate(zip(JURY, days, given, strict=True)):
            if score is not None:
                yield Judge(day, juror, nominee, score=score, comment=comment if place == len(nominee) % 3 else None)


def prizes() -> Iterator[Step]:
    """The round of the year from its calendar to its publication; the next one is open when the player stops.

    Then the secretary has a nomination to assess, one juror everything to read, and the public a form.
    """
    year, following = YEARS
    yield Announce(date(2018, 9, 17), year, "2018-10-01T00:00:00", "2018-11-01T00:00:00", date(2019, 1, 28))
    yield from (SignIn(date(2018, 10, 8), juror) for juror in JURY)
    yield from nominations(year)
    for nominee in (n.nominee for n in nominations(year)):
        reason = "outside-municipality" if nominee == "Åkerby snickeri" else None
        yield Assess(date(2018, 11, 5), nominee, reason)
    yield from (LookIn(date(2018, 11, 7), juror) for juror in JURY)
    yield Judge(date(2018, 11, 8), JURY[1], "Cykelköket vid ån", recused="own-organisation")
    yield from _judged((date(2018, 11, 9), date(2018, 11, 12), date(2018, 11, 14)), _POINTS)
    yield Decide(date(2018, 11, 16), year, "calendar", {
        "opens_at": "2018-10-01T00:00:00", "closes_at": "2018-11-01T00:00:00", "ceremony_on": "2019-02-25",
        "reason": "council-meeting-moved",
    })  # fmt: skip
    chosen = ("Systugan Tråden", "Språkkaféet Lyktan")
    yield Decide(date(2018, 11, 20), year, "proposal", {}, "nominations", chosen)
    yield Decide(date(2018, 12, 5), year, "decision", {"decided_on": "2018-12-04"}, "laureates", chosen)
    yield Decide(date(2018, 12, 11), year, "publication", {}, "laureates", chosen, _MOTIVATIONS)
    yield Announce(date(2019, 1, 30), following, "2019-02-11T08:00:00", "2019-04-01T00:00:00", date(2019, 6, 3))
    yield from nominations(following)
    for nominee in [n.nominee for n in nominations(following)][:4]:
        yield Assess(date(2019, 2, 27), nominee)
    yield Join(date(2019, 2, 28), "Odlarföreningen Norräng", "Odlarna på Norräng")
    yield from _judged((date(2019, 3, 4),) * 3, _NEXT_POINTS)
