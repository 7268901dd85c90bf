"""An operator's commands as pages: what it is about, what it will do, why it is done; then back to all services."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from shared.database import Connection
from shared.decider import Refused
from shared.identity import Actor
from shared.operations import commands
from shared.operations.api import PAGE, Named, Operator
from shared.operations.commands import Command, From, Words
from shared.operations.state import held_event
from shared.runtime import runtime
from shared.web import forms
from shared.web.access import route_of
from shared.web.commands import Answer, key_of

ACCEPTED: dict[Command, int] = {"discard": 200, "accept": 200}


class Asked(BaseModel):
    """A posted command; each has its own kind of target."""

    reason: Words


class OfItem(Asked):
    target: Annotated[int, Field(ge=1, lt=2**63)]


class OfSubject(Asked):
    target: forms.TypedId


class OfName(Asked):
    target: Named


class OfProjection(OfName):
    source: From


FORMS: dict[Command, type[Asked]] = {
    "retry": OfItem,
    "discard": OfItem,
    "release": OfSubject,
    "accept": OfName,
    "rebuild": OfProjection,
    "republish": OfSubject,
}


async def _work(tx: Connection, actor: Actor, command: Command, asked: Any) -> dict[str, Any]:
    match command:
        case "retry":
            return await commands.retry(tx, actor, asked.target, asked.reason)
        case "discard":
            return await commands.discard(tx, actor, asked.target, asked.reason)
        case "release":
            return await commands.release(tx, actor, asked.target, asked.reason)
        case "accept":
            return await commands.accept(tx, actor, asked.target, asked.reason)
        case "rebuild":
            return await commands.rebuild(tx, actor, asked.target, asked.source, asked.reason)
        case "republish":
            return await commands.republish(tx, actor, asked.target, asked.reason)


async def _show(
    request: Request, actor: Actor, service: str, command: Command, target: str, form: forms.Form, status: int = 200
) -> Response:
    """The page before the command. A held event is told by its place and its reason, never by what is in it."""
    run = runtime(request)
    event = None
    if command in ("retry", "discard") and target.isascii() and target.isdigit() and len(target) < 19:
        async with run.database.reading() as connection:
            event = await held_event(connection, int(target))
    if command in ("retry", "discard") and event is None and status == 200:
        raise Refused("held-event-not-found")
    # The page belongs to operations, whatever service it is about.
    links = [link | {"current": link["path"] == PAGE} for link in run.pages.links(request, actor.roles)]
    return run.pages.render(
        request,
        "operation.html",
        status,
        command=command,
        target=target,
        event=event,
        form=form,
        back=PAGE,
        own=service,
        links=links,
    )


def routes(service: str) -> APIRouter:
    """The operations' pages of `service`."""
    router = APIRouter(prefix=f"/{service}/operations", include_in_schema=False)

    @router.get("/confirm/{command}", response_model=None)
    async def confirm(
        request: Request, command: Command, actor: Operator, target: Annotated[str, Query(max_length=64)] = ""
    ) -> Response:
        """What the command will do, and a form that asks why."""
        return await _show(request, actor, service, command, target, forms.Form({"target": target}))

    @router.post("/forms/{command}", response_model=None)
    async def done(request: Request, command: Command, actor: Operator) -> Response:
        """Does it once, however often the button was pressed, and goes back to all services."""
        posted = await forms.read(request, FORMS[command], runtime(request).pages.texts)
        form, asked = posted.form, posted.value
        if asked is not None:
            key, body = key_of({}, {"key": posted.key}), {"command": command, **asked.model_dump()}

            async def work(tx: Connection) -> Answer:
                return Answer(ACCEPTED.get(command, 202), await _work(tx, actor, command, asked))

            try:
                await runtime(request).commands.run(actor, route_of(request), key, body, work, scope=request.scope)
                return RedirectResponse(f"{PAGE}?done={command}&by={service}", 303)
            except Refused as no:
                form = form.refused(request, runtime(request).pages.texts, no)
        return await _show(request, actor, service, command, str(form.value("target")), form, 422)

    return router
