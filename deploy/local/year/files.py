"""The Migration Agency's file as an office sends it: Swedish columns, semicolons or a workbook, one row per person."""

import csv
import io
from collections.abc import Iterator

from openpyxl import Workbook

from deploy.local.year.steps import Import

COLUMNS = (
    "Anvisningsnummer", "Kategori", "Beslutsdatum", "Mottas senast", "Kvotår", "Ersätter", "Namn", "Födelsedatum",
    "Kön", "Personnummer", "Dossiernummer", "Medborgarskap", "Språk", "Tolk", "Skyddade personuppgifter",
    "Ensamkommande barn",
)  # fmt: skip
_CATEGORY = {
    "quota-refugee": "kvotflykting",
    "agency-accommodation": "anläggningsboende",
    "family-member": "anhörig",
}
_SEX = {"female": "kvinna", "male": "man"}
_PROTECTED = {"none": "nej", "secrecy-marked": "sekretessmarkering", "protected-registration": "skyddad folkbokföring"}
_YES_NO = {True: "ja", False: "nej"}


def content(file: Import) -> bytes:
    """The bytes to send. A workbook holds the time it was written, so keep what was sent once."""
    if file.format == "xlsx":
        return _workbook(file)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(file))
    return text.getvalue().encode("latin-1" if file.format == "csv-latin-1" else "utf-8-sig")


def _rows(file: Import) -> Iterator[tuple[str, ...]]:
    for household in file.households:
        for person in household.persons:
            yield (
                household.key, _CATEGORY[household.category], household.decided_on.isoformat(),
                household.receive_by.isoformat() if household.receive_by else "", str(household.quota_year or ""),
                household.replaces or "", person.name, person.born.isoformat(), _SEX[person.sex], person.number or "",
                person.dossier, person.citizenship, person.language, _YES_NO[person.interpreter],
                _PROTECTED[person.protected], _YES_NO[person.minor],
            )  # fmt: skip


def _workbook(file: Import) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Anvisningar")
    sheet.append(COLUMNS)
    for row in _rows(file):
        sheet.append(row)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()
