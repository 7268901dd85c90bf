"""Ten invented nominations for the integration prize: every kind of nominee, some with a receipt wished for."""

from datetime import date, timedelta

from deploy.local.year.steps import Nominate

_FIRST = date(2018, 10, 1)
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


def nominations() -> list[Nominate]:
    return [
        Nominate(_FIRST + timedelta(days=after), nominee, kind, citation, nominator, email, language)
        for nominee, kind, citation, nominator, email, language, after in _NOMINATIONS
    ]
