"""The JSON API's commands and the stream: what a program may do with notifications."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from services.notifications import handlers, store_people
from services.notifications.handlers import READERS
from services.notifications.rules import Group
from services.notifications.store_life import ResendReason
from services.notifications.store_people import Mailbox
from shared.database import Connection
from shared.email_address import EmailAddress
from shared.identity import Actor
from shared.runtime import runtime
from shared.web.access import actor_of, needs
from shared.web.commands import Answer, key_of
from shared.web.forms import Chosen

router = APIRouter(prefix="/notifications", tags=["notifications"])

WATCHERS = ("coordinator", "manager", "operator")
MENDERS = ("coordinator", "operator")
KEEPERS = ("manager", "operator")
OFFICES = ("coordinator", "manager", "secretary")
# A role, or the managers of one unit: they are the only ones whom a unit's matters go to.
Office = Annotated[str, Field(pattern=r"^(coordinator|secretary|manager(/[a-z0-9-]{1,40})?)$")]
OfUnit = Annotated[str, Field(pattern=r"^manager/[a-z0-9-]{1,40}$")]


class Body(BaseModel):
    """Nothing that we do not know is passed over in silence."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Nothing(Body):
    """An empty object."""


class UpTo(Body):
    """All open ones, of `group` when it is given, that were there when `until` was the newest; without it, all."""

    until: UUID | None = None
    group: Group | None = None


class Snooze(Body):
    """Out of this person's sight until that day; null: shown again."""

    until: date | None = None


class HandOver(Body):
    """The colleague's sign-in subject."""

    to: Annotated[Chosen, Field(min_length=1, max_length=255)]


class Again(Body):
    """Why a failed mail is started again."""

    reason: ResendReason = "other"


class MailboxBody(Body):
    """The functional mailbox of a role, or of a unit's managers: `manager/reception`."""

    role: Office = "coordinator"
    address: EmailAddress
    language: Literal["sv", "en"] = "sv"

    def mailbox(self) -> Mailbox:
        return Mailbox(self.role, self.address, self.language)


class RemovedMailbox(Body):
    """Only a unit's managers can be without one: their mail then goes to the managers' own."""

    role: OfUnit


def _answered(answer: Answer) -> Response:
    return JSONResponse(answer.data, answer.status, answer.headers())


@router.post("/inbox/{notification}/acknowledge", response_model=None)
async def acknowledge(
    request: Request, notification: UUID, actor: Annotated[Actor, needs(*READERS)], body: Nothing | None = None
) -> Response:
    """This person has read it; for everybody with the role, and the first to say so is remembered."""
    run = runtime(request)

    async def work(tx: Connection) -> Answer:
        await handlers.acknowledge(tx, notification, actor, run.clock.now())
        return Answer(200, {"notification": notification})

    route, key = "POST /notifications/inbox/{notification}/acknowledge", key_of(request.headers)
    return _answered(
        await run.commands.run(actor, route, key, {"notification": notification}, work, scope=request.scope)
    )


@router.post("/inbox/acknowledge", response_model=None)
async def acknowledge_up_to(
    request: Request, actor: Annotated[Actor, needs(*READERS)], body: UpTo | None = None
) -> Response:
    """This person has read all that were there; at most 500 at a time, the oldest first."""
    run, wanted = runtime(request), body or UpTo()

    async def work(tx: Connection) -> Answer:
        count = await handlers.acknowledge_up_to(tx, wanted.until, wanted.group, actor, run.clock.now())
        return Answer(200, {"acknowledged": count})

    route, key = "POST /notifications/inbox/acknowledge", key_of(request.headers)
    return _answered(await run.commands.run(actor, route, key, wanted, work, scope=request.scope))


@router.post("/inbox/{notification}/snooze", response_model=None)
async def snooze(
    request: Request, notification: UUID, body: Snooze, actor: Annotated[Actor, needs(*READERS)]
) -> Response:
    """For this person only; at most 90 days ahead."""
    run = runtime(request)

    async def work(tx: Connection) -> Answer:
        await handlers.snooze(tx, notification, actor, body.until, run.clock.today())
        return Answer(200, {"notification": notification})

    route, key = "POST /notifications/inbox/{notification}/snooze", key_of(request.headers)
    wanted = {"notification": notification, "until": body.until}
    return _answered(await run.commands.run(actor, route, key, wanted, work, scope=request.scope))


@router.post("/inbox/{notification}/hand-over", response_model=None)
async def hand_over(
    request: Request, notification: UUID, body: HandOver, actor: Annotated[Actor, needs(*READERS)]
) -> Response:
    """The item leaves this inbox, or the role's, for a colleague's."""
    run = runtime(request)

    async def work(tx: Connection) -> Answer:
        await handlers.hand_over(tx, notification, actor, body.to)
        return Answer(200, {"notification": notification})

    route, key = "POST /notifications/inbox/{notification}/hand-over", key_of(request.headers)
    wanted = {"notification": notification, "to": body.to}
    return _answered(await run.commands.run(actor, route, key, wanted, work, scope=request.scope))


@router.post("/deliveries/{mail}/retry", response_model=None)
async def retry(
    request: Request, mail: UUID, actor: Annotated[Actor, needs(*MENDERS)], body: Again | None = None
) -> Response:
    """A failed mail starts again, with a fresh day; one that has not failed stays as it is."""
    run, wanted = runtime(request), body or Again()

    async def work(tx: Connection) -> Answer:
        await handlers.try_again(tx, mail, actor, wanted.reason)
        return Answer(202, {"mail": mail})

    route, key = "POST /notifications/deliveries/{mail}/retry", key_of(request.headers)
    said = {"mail": mail, "reason": wanted.reason}
    return _answered(await run.commands.run(actor, route, key, said, work, scope=request.scope))


def _office(role: str) -> dict[str, str]:
    """`manager/reception` as what an answer may hold: codes."""
    name, _, unit = role.partition("/")
    return {"role": name, "unit": unit} if unit else {"role": name}


@router.post("/mailboxes", response_model=None)
async def set_mailbox(request: Request, body: MailboxBody, actor: Annotated[Actor, needs(*KEEPERS)]) -> Response:
    """Where mail for a role goes from now on, mail that waits included."""
    run = runtime(request)

    async def work(tx: Connection) -> Answer:
        await store_people.set_mailbox(tx, body.mailbox(), actor.sub)
        return Answer(200, _office(body.role))

    route, key = "POST /notifications/mailboxes", key_of(request.headers)
    return _answered(await run.commands.run(actor, route, key, body, work, scope=request.scope))


@router.post("/mailboxes/remove", response_model=None)
async def remove_mailbox(request: Request, body: RemovedMailbox, actor: Annotated[Actor, needs(*KEEPERS)]) -> Response:
    """From now on mail for the unit's managers goes to the mailbox of all managers, mail that waits included."""
    run = runtime(request)

    async def work(tx: Connection) -> Answer:
        await store_people.remove_mailbox(tx, body.role, actor.sub)
        return Answer(200, _office(body.role))

    route, key = "POST /notifications/mailboxes/remove", key_of(request.headers)
    return _answered(await run.commands.run(actor, route, key, body, work, scope=request.scope))


@router.get("/colleagues", response_model=None, dependencies=[needs("service")])
async def colleagues(request: Request, role: Literal["caseworker"] = "caseworker") -> Response:
    """Who has signed in with this role: whom a case can be given to, from their first sign-in on."""
    run = runtime(request)
    async with run.database.reading() as conn:
        found = await store_people.colleagues(conn, role)
        names = await handlers.names(conn, run.vault, [one.key for one in found])
    items = [
        {"sub": one.sub, "name": names[one.key], "unit": one.unit, "roles": one.roles}
        for one in found
        if one.key in names
    ]
    return JSONResponse({"colleagues": items}, headers={"Cache-Control": "no-store"})


@router.get("/events", response_model=None, dependencies=[needs(*READERS)])
async def events(request: Request) -> Response:
    """Tells open pages what to read again."""
    actor = actor_of(request)
    watches = actor is not None and not actor.roles.isdisjoint(WATCHERS)
    return runtime(request).hub.stream(request, ["inbox", "deliveries"] if watches else ["inbox"])
