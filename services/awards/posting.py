"""Does what a form says and goes on, or shows the form again with everything that was typed and all that is wrong."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel

from services.awards.handlers import Doing
from services.awards.http import run
from shared.decider import Refused
from shared.runtime import runtime
from shared.web import forms
from shared.web.commands import Answer, key_of
from shared.web.forms import Form
from shared.web.problems import Problem

M = TypeVar("M", bound=BaseModel)
Work = Callable[[Doing, M, int], Awaitable[Answer]]
Again = Callable[[int, Form], Awaitable[Response]]


async def command(
    request: Request, model: type[M], work: Work[M], again: Again, to: str | None, *, new: bool = False
) -> Response:
    """`to` None: to what it made. `new`: the form makes something, so there is no version that it was filled in for."""
    texts = runtime(request).pages.texts
    posted = await forms.read(request, model, texts)
    value = posted.value
    if value is None:
        return await again(422, posted.form)
    seen = 0 if new else posted.sequence
    if seen is None:
        raise Problem(428, "version-missing")
    version: int = seen
    key = key_of({"idempotency-key": posted.key})
    try:
        answer = await run(request, {"sequence": seen, **value.model_dump()}, lambda d: work(d, value, version), key)
    except Refused as no:
        return await again(422, posted.form.refused(request, texts, no))
    except Problem as no:
        if no.status != 412:
            raise
        # The form that is shown now knows the version as it is, so it can be sent again.
        return await again(412, posted.form.refused(request, texts, Problem(412, "changed-meanwhile")))
    return RedirectResponse(to or answer.location or "/awards/", 303)
