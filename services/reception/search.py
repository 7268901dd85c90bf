"""Searching for a case by what the ordinance allows and nothing else: name, personal number, or a number of a case.

Source: SFS 2001:637 15 §. The term travels in the body, is kept nowhere, and the search is recorded without it.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from services.reception import numbers, store_search
from services.reception.bodies import Body, tidy
from services.reception.handlers import Doing
from shared.case_number import end_of_id
from shared.web.problems import Problem

By = Literal["name", "number", "case"]


class SearchBody(Body):
    """`by` name (the whole name), number (personal identity or coordination number), or case (allocation, dossier or
    case number, or its id)."""

    by: By
    term: Annotated[str, Field(min_length=1, max_length=200, strict=True, repr=False), AfterValidator(tidy)]


async def find(doing: Doing, body: SearchBody) -> tuple[list[dict[str, Any]], bool]:
    """The cases found, and whether there are more than are shown."""
    sight, vault = await doing.sight(), doing.desk.vault
    found: dict[UUID, dict[str, Any]] = {}
    persons: set[UUID] = set()
    wanted: list[tuple[store_search.Index, list[bytes]]] = []
    match body.by:
        case "name":
            wanted.append(("name_index", vault.blinds("name", body.term)))
        case "number":
            number = numbers.personal_number(body.term)
            if number is None:
                raise Problem(422, "no-personal-number", field="term")
            wanted.append(("number_index", vault.blinds("number", number)))
        case "case":
            numbered = numbers.allocation_number(body.term), _uuid(body.term), end_of_id(body.term)
            for row in await store_search.by_case_number(doing.tx, sight, *numbered):
                found[row["id"]] = row
            wanted.append(("dossier_index", vault.blinds("dossier", body.term)))
    for index, values in wanted:
        for row, members in await store_search.by_index(doing.tx, sight, index, values) if values else []:
            found[row["id"]] = row
            persons |= set(members)
    await doing.looked("search", list(found), sorted(persons))
    rows = sorted(found.values(), key=lambda row: (row["due_on"], row["id"]))
    return rows[: store_search.MOST], len(rows) > store_search.MOST


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None
