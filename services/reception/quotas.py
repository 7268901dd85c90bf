"""The municipality's quota of one year: what may be decided on it. Pure."""

from dataclasses import dataclass
from datetime import date

from services.reception.commands import SetQuota
from shared.contracts.reception import QuotaSet
from shared.decider import Refused


@dataclass(frozen=True, slots=True)
class Quota:
    """The municipality's quota of one year."""

    quota_year: int
    target: int
    decided_on: date


def decided(command: SetQuota, state: object) -> list[QuotaSet]:
    if command.decided_on > command.today:
        raise Refused("date-in-future", field="decided_on", today=command.today)
    if abs(command.decided_on.year - command.quota_year) > 1:
        raise Refused("quota-year-far-from-decision", field="quota_year", year=command.decided_on.year)
    if state == Quota(command.quota_year, command.target, command.decided_on):
        return []
    if isinstance(state, Quota) and command.decided_on < state.decided_on:
        raise Refused("older-than-known", field="decided_on", day=state.decided_on)
    return [QuotaSet(quota_year=command.quota_year, target=command.target, decided_on=command.decided_on)]
