"""The organisation of the tests' municipality, as its file would say it. `schools` is nowhere in it."""


def _unit(sv: str, en: str, *, receives_people: bool) -> dict[str, object]:
    return {"name": {"sv": sv, "en": en}, "receives_people": receives_people}


UNITS = {
    "reception": _unit("mottagningsenheten", "reception unit", receives_people=True),
    "minors": _unit("enheten för unga & ensamma", "unit for the young & alone", receives_people=True),
    "education": _unit("utbildningsenheten", "education unit", receives_people=False),
}
