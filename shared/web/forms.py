"""A posted form as a model, or as what was typed together with everything that is wrong with it, at once."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Generic, Literal, TypeVar, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from shared.decider import Refused
from shared.web.mistakes import Mistake, tell
from shared.web.problems import Problem, explain, language
from shared.web.texts import Texts

M = TypeVar("M", bound=BaseModel)

# What is chosen in a list, though any text would do for the command: somebody's subject, for example.
_FROM_A_LIST = "chosen in a list"
Chosen = Annotated[str, _FROM_A_LIST]
# And an id that a person does type, or pastes.
_BY_HAND = "typed by hand"
TypedId = Annotated[UUID, _BY_HAND]

# Fields that belong to the form and not to the command: the double-click key, the guard against foreign posts, the
# version that was seen, and the bait for programs (a person never sees it).
RESERVED = frozenset({"csrf", "key", "sequence", "website"})


@dataclass(frozen=True)
class Form:
    """What a page shows again: the typed values and the errors, per field and for the whole form (`where` "")."""

    typed: Mapping[str, str | list[str]] = field(default_factory=dict)
    errors: tuple[Mistake, ...] = ()

    def value(self, name: str, default: object = "") -> str:
        found = self.typed.get(name, default)
        if isinstance(found, list):
            found = found[0] if found else ""
        return "" if found is None else str(found)

    def values(self, name: str) -> list[str]:
        found = self.typed.get(name, [])
        return found if isinstance(found, list) else [found]

    def error(self, name: str) -> Mistake | None:
        return next((fault for fault in self.errors if fault.where == name), None)

    def with_error(self, fault: Mistake) -> "Form":
        return replace(self, errors=(*self.errors, fault))

    def refused(
        self, request: Request, texts: Texts, raised: Refused | Problem, fields: Container[str] | None = None
    ) -> "Form":
        """This form with a rule's no on it, at the field it names or at the top. A header is no field of a form.

        `fields`: the form's own; a rule may name one by its place in a larger command (`activities/0/ends_on`)."""
        field = raised.field if raised.field and raised.field.isidentifier() else None
        if fields is not None:
            last = (raised.field or "").rpartition("/")[2]
            field = last if last in fields else None
        return self.with_error(explain(texts, language(request), raised.code, field, raised.facts))


@dataclass(frozen=True)
class Posted(Generic[M]):
    """`value` is there exactly when `form.errors` is empty."""

    form: Form
    value: M | None
    key: str
    sequence: int | None
    bait: bool
    files: Mapping[str, UploadFile]


async def read(request: Request, model: type[M], texts: Texts) -> Posted[M]:
    """Read a posted form. An empty field counts as not filled in; a field that the model wants as a list is one."""
    return parse(await request.form(), model, texts, language(request))


def _is_choice(annotation: object) -> bool:
    """Whether the field offers its own few answers, to be chosen and not filled in. Ids are, but a `TypedId`."""
    return any(get_origin(one) is Literal or one is UUID for one in (annotation, *get_args(annotation)))


def parse(data: FormData, model: type[M], texts: Texts, lang: str) -> Posted[M]:
    many = {
        (info.alias or name): str(info.annotation).startswith(("list", "tuple", "set", "frozenset", "typing.List"))
        for name, info in model.model_fields.items()
    }
    unchosen = {
        info.alias or name: "none_chosen" if name == "persons" else "nothing_chosen"
        for name, info in model.model_fields.items()
        if (many[info.alias or name] or _is_choice(info.annotation) or _FROM_A_LIST in info.metadata)
        and _BY_HAND not in info.metadata
    }
    typed: dict[str, str | list[str]] = {}
    files: dict[str, UploadFile] = {}
    for name in dict.fromkeys(data.keys()):
        given = data.getlist(name)
        uploads = [item for item in given if isinstance(item, UploadFile)]
        if uploads:
            files[name] = uploads[0]
            continue
        words = [item.strip() for item in given if isinstance(item, str)]
        typed[name] = words if many.get(name) else words[-1]
    wanted = {name: value for name, value in typed.items() if value not in ("", [], [""]) and name not in RESERVED}
    value, errors = None, []
    try:
        value = model.model_validate(wanted)
    except ValidationError as wrong:
        seen: set[str] = set()
        for error in wrong.errors(include_input=False, include_url=False):
            where = str(error["loc"][0]) if error["loc"] and str(error["loc"][0]) in many else ""
            if where not in seen:
                seen.add(where)
                if error["type"] == "missing" and where in unchosen:
                    errors.append(tell({**error, "type": unchosen[where]}, where, texts, lang))
                else:
                    errors.append(tell(error, where, texts, lang))
        order = list(many)
        errors.sort(key=lambda fault: order.index(fault.where) if fault.where in order else -1)
    shown = {name: words for name, words in typed.items() if name not in RESERVED}
    sequence = str(typed.get("sequence", ""))
    return Posted(
        form=Form(shown, tuple(errors)),
        value=value,
        key=str(typed.get("key", ""))[:64],
        sequence=int(sequence) if sequence.isascii() and sequence.isdigit() and len(sequence) < 10 else None,
        bait=bool(typed.get("website")),
        files=files,
    )
