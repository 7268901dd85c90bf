"""Which column of a file is which field, and what its Swedish words are in our codes. Pure."""

import re
import unicodedata
from dataclasses import dataclass

from services.reception.imports.tables import FileRefused, Row

HOUSEHOLD = ("allocation_number", "category", "decided_on", "receive_by", "quota_year", "replaces")
PERSON = (
    "name",
    "birth_date",
    "sex",
    "personal_identity_number",
    "dossier_number",
    "citizenship",
    "language",
    "interpreter_needed",
    "protected_identity",
    "unaccompanied_minor",
)
NEEDED = ("allocation_number", "category", "decided_on", "name", "birth_date", "sex")
SWEDISH = {
    "allocation_number": "Anvisningsnummer",
    "category": "Kategori",
    "decided_on": "Beslutsdatum",
    "receive_by": "Mottas senast",
    "quota_year": "Kvotår",
    "replaces": "Ersätter",
    "name": "Namn",
    "birth_date": "Födelsedatum",
    "sex": "Kön",
    "personal_identity_number": "Personnummer",
    "dossier_number": "Dossiernummer",
    "citizenship": "Medborgarskap",
    "language": "Språk",
    "interpreter_needed": "Tolk",
    "protected_identity": "Skyddade personuppgifter",
    "unaccompanied_minor": "Ensamkommande barn",
}
_MORE = {
    "anvisning": "allocation_number",
    "anvisningsnr": "allocation_number",
    "beslutsdag": "decided_on",
    "senaste mottagningsdatum": "receive_by",
    "senast mottagen": "receive_by",
    "kommuntalsår": "quota_year",
    "ersätter anvisning": "replaces",
    "födelsedag": "birth_date",
    "född": "birth_date",
    "samordningsnummer": "personal_identity_number",
    "personnummer/samordningsnummer": "personal_identity_number",
    "dossier": "dossier_number",
    "dossiernr": "dossier_number",
    "tolkbehov": "interpreter_needed",
    "tolk behövs": "interpreter_needed",
    "skyddad identitet": "protected_identity",
    "ensamkommande": "unaccompanied_minor",
}


def plain(text: str) -> str:
    """A word for comparing: case, width, underscores, hyphens and spaces do not matter."""
    return " ".join(re.sub(r"[_\-‐–]", " ", unicodedata.normalize("NFKC", text).casefold()).split())


_HEADERS = (
    {plain(word): field for field, word in SWEDISH.items()}
    | {plain(word): field for word, field in _MORE.items()}
    | {plain(field): field for field in SWEDISH}
)


def _words(**codes: str) -> dict[str, str]:
    return {plain(word): code.replace("_", "-") for code, words in codes.items() for word in [code, *words.split("|")]}


WORDS: dict[str, dict[str, str]] = {
    "category": _words(
        quota_refugee="kvotflykting|kvot|vidarebosatt",
        agency_accommodation="anläggningsboende|abo|asylboende|anvisad från anläggningsboende",
        family_member="anhörig|anknytning",
        temporary_protection="tillfälligt skydd|massflykt|massflyktsdirektivet",
        self_settled="eget boende|ebo|självbosatt",
        other="övrig|övriga|annan",
    ),
    "sex": _words(female="kvinna|k|f", male="man|m", unknown="okänt|okänd"),
    "protected_identity": _words(
        none="nej|ingen",
        secrecy_marked="sekretessmarkering|sekretessmarkerad",
        protected_registration="skyddad folkbokföring",
        fictitious_identity="fingerade personuppgifter|fingerad identitet|fingerad",
    ),
}
_YES_NO = {"ja": True, "j": True, "yes": True, "true": True, "1": True} | dict.fromkeys(
    ("nej", "n", "no", "false", "0"), False
)


def value(field: str, text: str) -> object:
    """The text of a cell as JSON would say it. What is not understood stays as it is, for the model to refuse."""
    text = text.strip()
    if field in WORDS:
        return WORDS[field].get(plain(text), text)
    if field in {"interpreter_needed", "unaccompanied_minor"}:
        return _YES_NO.get(plain(text), text)
    if field in {"decided_on", "receive_by", "birth_date"}:
        found = re.fullmatch(r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ]00:00(?::00)?)?", text, re.ASCII)
        return "-".join(found.groups()) if found else text
    if field == "quota_year" and re.fullmatch(r"\d{4}", text, re.ASCII):
        return int(text)
    return text


@dataclass(frozen=True, slots=True)
class Columns:
    """`at[field]` is the field's position; `unused` are positions of columns that are none of ours."""

    at: dict[str, int]
    unused: tuple[int, ...]


def columns(head: Row) -> Columns:
    """Reads the header row. Refuses a file that lacks a needed column, or has one twice."""
    at: dict[str, int] = {}
    unused = []
    for position, text in enumerate(head.cells):
        field = _HEADERS.get(plain(text))
        if field is None:
            unused += [position] if text.strip() else []
        elif field in at:
            raise FileRefused("file-column-twice", column=SWEDISH[field])
        else:
            at[field] = position
    if not at:
        raise FileRefused("file-no-header", columns=", ".join(SWEDISH[field] for field in NEEDED))
    missing = [SWEDISH[field] for field in NEEDED if field not in at]
    if missing:
        raise FileRefused("file-column-missing", columns=", ".join(missing), n=len(missing))
    return Columns(at, tuple(unused))
