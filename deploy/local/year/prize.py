"""The prize's steps through the public API: each in the version that its subject has now."""

import asyncio
import time
from typing import Any, assert_never
from uuid import UUID

from deploy.local.year.api import Api, No
from deploy.local.year.ledger import Ledger
from deploy.local.year.steps import Announce, Assess, Decide, Join, Judge, LookIn, OfPrize, SignIn

# how long a message is waited for; without Kafka the year goes on
_MESSAGE_SECONDS = 3.0


async def perform(api: Api, ledger: Ledger, step: OfPrize, key: UUID) -> dict[str, Any]:
    """The step's answer. Raises No."""

    def of(nominee: str) -> str:
        return str(ledger[f"nomination {nominee}"]["nomination"])

    match step:
        case Announce():
            body: dict[str, Any] = {name: getattr(step, name) for name in ("opens_at", "closes_at")}
            body |= {"prize_year": step.year, "ceremony_on": step.ceremony_on.isoformat()}
            return await api.post("secretary", "/awards/prizes", key, body)
        case Assess():
            subject = f"/awards/nominations/{of(step.nominee)}"
            return await _change(api, "secretary", subject, f"{subject}/assessment", key, {"reason": step.reason})
        case Join():
            subject = f"/awards/nominations/{of(step.nominee)}"
            return await _change(api, "secretary", subject, f"{subject}/same", key, {"same_as": of(step.same_as)})
        case SignIn():
            await api.sign_in(step.juror)
            return {}
        case LookIn():
            return {"messages": await _messages(api, step.juror)}
        case Judge():
            nomination = of(step.nominee)
            what = "recusal" if step.recused else "score"
            body = {"reason": step.recused} if step.recused else {"score": step.score, "comment": step.comment}
            path = f"/awards/nominations/{nomination}/{what}"
            return await _change(api, step.juror, f"/awards/jury/{nomination}", path, key, body)
        case Decide():
            body = dict(step.body)
            if step.motivations:
                body[step.field] = [
                    {"nomination": of(name), "name": name, "motivation": motivation}
                    for name, motivation in zip(step.nominees, step.motivations, strict=True)
                ]
            elif step.field:
                body[step.field] = [of(name) for name in step.nominees]
            subject = f"/awards/prizes/{step.year}"
            return await _change(api, "secretary", subject, f"{subject}/{step.what}", key, body)
        case _:
            assert_never(step)


async def _messages(api: Api, juror: str) -> int:
    """How many there are, after a while at most."""
    end = time.monotonic() + _MESSAGE_SECONDS
    while True:
        found = len((await api.get(juror, "/notifications/inbox"))["items"])
        if found or time.monotonic() > end:
            return found
        await asyncio.sleep(0.05)


async def _change(api: Api, who: str, subject: str, path: str, key: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Somebody else's change in between means looking again."""
    while True:
        version = await api.version(who, subject)
        try:
            return await api.post(who, path, key, body, version=version)
        except No as no:
            if no.status != 412:
                raise
