"""The homes of a household: what may be said of them, and how they stand. Pure."""

from dataclasses import replace
from datetime import date

from services.reception import days, rules
from services.reception.case import Case, Home
from services.reception.commands import CorrectHousing, SecureHousing
from shared.contracts.casework import HousingCorrected, HousingSecured
from shared.decider import Refused

LONGEST_WAIT_MONTHS = 12


def _plausible(command: SecureHousing | CorrectHousing, case: Case) -> None:
    days.happened(case, command.secured_on, "secured_on", command.today)
    last = rules.add_months(command.secured_on, LONGEST_WAIT_MONTHS)
    if command.available_from > last:
        raise Refused("day-too-far", field="available_from", day=last)
    if command.available_from < days.begun(case):
        raise Refused("date-before-case", field="available_from", day=days.begun(case))
    if command.contract_until is not None and command.contract_until <= command.available_from:
        raise Refused("not-after", field="contract_until", day=command.available_from)


def secured(command: SecureHousing, case: Case) -> list[HousingSecured]:
    days.is_open(case)
    home = next((home for home in case.homes if home.housing == command.housing), None)
    if home is not None:
        if home == _home(command):
            return []
        raise Refused("housing-known")
    _plausible(command, case)
    return [
        HousingSecured(
            housing=command.housing,
            kind=command.kind,
            secured_on=command.secured_on,
            available_from=command.available_from,
            contract_until=command.contract_until,
        )
    ]


def corrected(command: CorrectHousing, case: Case) -> list[HousingCorrected]:
    home = next((home for home in case.homes if home.housing == command.housing), None)
    if home is None:
        raise Refused("unknown-housing")
    if home == _home(command, command.withdrawn):
        return []
    if home.withdrawn and not command.withdrawn:
        days.is_expected(case)
    _plausible(command, case)
    return [
        HousingCorrected(
            housing=command.housing,
            kind=command.kind,
            secured_on=command.secured_on,
            available_from=command.available_from,
            contract_until=command.contract_until,
            withdrawn=command.withdrawn,
        )
    ]


def _home(said: SecureHousing | CorrectHousing | HousingSecured | HousingCorrected, withdrawn: bool = False) -> Home:
    return Home(said.housing, said.kind, said.secured_on, said.available_from, said.contract_until, withdrawn)


def standing(case: Case, event: HousingSecured | HousingCorrected) -> Case:
    home = _home(event, event.withdrawn if isinstance(event, HousingCorrected) else False)
    if isinstance(event, HousingSecured):
        return replace(case, homes=(*case.homes, home))
    return replace(case, homes=tuple(home if one.housing == home.housing else one for one in case.homes))


def current(case: Case) -> Home | None:
    """The home that the household has, or will have: the one that is there from the latest day."""
    standing = [home for home in case.homes if not home.withdrawn]
    return max(standing, key=lambda home: home.available_from, default=None)


def ends_on(case: Case) -> date | None:
    home = current(case)
    return home.contract_until if home else None
