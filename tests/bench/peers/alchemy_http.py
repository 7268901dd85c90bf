"""What a usual application does for the same command: FastAPI, pydantic, a verified JWT, SQLAlchemy, an outbox row."""

import json
import sys
from datetime import date
from typing import Annotated
from uuid import UUID, uuid4

import jwt
import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from sqlalchemy import JSON, ForeignKey
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

given = json.loads(sys.argv[1])
engine = create_async_engine(given["url"].replace("postgresql://", "postgresql+asyncpg://"), pool_size=10)
sessions = async_sessionmaker(engine, expire_on_commit=False)
keys = jwt.PyJWKClient(given["jwks"], lifespan=3600)


class Base(DeclarativeBase):
    pass


class Household(Base):
    __tablename__ = "household"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    number: Mapped[str]
    category: Mapped[str]
    decided_on: Mapped[date]


class Person(Base):
    __tablename__ = "person"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    household: Mapped[UUID] = mapped_column(ForeignKey("household.id"))
    name: Mapped[str]
    birth_date: Mapped[date]
    sex: Mapped[str]


class Outbox(Base):
    __tablename__ = "outbox"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    subject: Mapped[UUID]
    type: Mapped[str]
    data: Mapped[dict] = mapped_column(JSON)


class PersonBody(BaseModel):
    name: str
    birth_date: date
    sex: str


class AllocationBody(BaseModel):
    allocation_number: str
    category: str
    decided_on: date
    persons: list[PersonBody]


class Answer(BaseModel):
    case: UUID


def actor(given_token: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> dict:
    token = given_token.credentials
    key = keys.get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key, algorithms=["RS256", "ES256", "PS256"], audience=given["audience"])
    if "coordinator" not in claims["roles"]:
        raise HTTPException(403)
    return claims


async def session():
    async with sessions() as one:
        yield one


app = FastAPI()


@app.get("/livez")
async def livez():
    return {}


@app.post("/allocations", status_code=201)
async def receive(
    body: AllocationBody,
    who: Annotated[dict, Depends(actor)],
    db: Annotated[AsyncSession, Depends(session)],
) -> Answer:
    household = Household(id=uuid4(), number=body.allocation_number, category=body.category, decided_on=body.decided_on)
    db.add(household)
    await db.flush()
    for one in body.persons:
        db.add(Person(household=household.id, name=one.name, birth_date=one.birth_date, sex=one.sex))
    data = {"category": body.category, "decided_on": body.decided_on.isoformat(), "by": who["sub"]}
    db.add(Outbox(subject=household.id, type="allocation-received", data=data))
    await db.commit()
    return Answer(case=household.id)


uvicorn.run(app, host="127.0.0.1", port=given["port"], access_log=False, log_config=None, server_header=False)
