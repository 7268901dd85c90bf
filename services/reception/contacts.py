"""Contacts with a household: what may be said of them, and how they stand. Pure."""

from dataclasses import replace

from services.reception import days
from services.reception.case import Case, Contact
from services.reception.commands import CorrectContact, RecordContact
from shared.contracts.casework import ContactCorrected, ContactRecorded
from shared.decider import Refused


def _plausible(command: RecordContact | CorrectContact, case: Case) -> None:
    days.happened(case, command.contacted_on, "contacted_on", command.today)
    if command.next_contact_on is not None:
        days.comes(command.next_contact_on, command.contacted_on, "next_contact_on")


def recorded(command: RecordContact, case: Case) -> list[ContactRecorded]:
    days.is_open(case)
    known = next((one for one in case.contacts if one.contact == command.contact), None)
    if known is not None:
        if known == _contact(command):
            return []
        raise Refused("contact-known")
    _plausible(command, case)
    return [
        ContactRecorded(
            contact=command.contact,
            kind=command.kind,
            outcome=command.outcome,
            contacted_on=command.contacted_on,
            next_contact_on=command.next_contact_on,
        )
    ]


def corrected(command: CorrectContact, case: Case) -> list[ContactCorrected]:
    known = next((one for one in case.contacts if one.contact == command.contact), None)
    if known is None:
        raise Refused("unknown-contact")
    if known == _contact(command, command.withdrawn):
        return []
    if known.withdrawn and not command.withdrawn:
        days.is_expected(case)
    _plausible(command, case)
    return [
        ContactCorrected(
            contact=command.contact,
            kind=command.kind,
            outcome=command.outcome,
            contacted_on=command.contacted_on,
            next_contact_on=command.next_contact_on,
            withdrawn=command.withdrawn,
        )
    ]


def _contact(
    said: RecordContact | CorrectContact | ContactRecorded | ContactCorrected, withdrawn: bool = False
) -> Contact:
    return Contact(said.contact, said.kind, said.outcome, said.contacted_on, said.next_contact_on, withdrawn)


def standing(case: Case, event: ContactRecorded | ContactCorrected) -> Case:
    contact = _contact(event, event.withdrawn if isinstance(event, ContactCorrected) else False)
    if isinstance(event, ContactRecorded):
        return replace(case, contacts=(*case.contacts, contact))
    return replace(case, contacts=tuple(contact if c.contact == contact.contact else c for c in case.contacts))


def last(case: Case) -> Contact | None:
    """The latest that took place; of one day, the one that was recorded last."""
    latest: Contact | None = None
    for one in case.contacts:
        if not one.withdrawn and (latest is None or one.contacted_on >= latest.contacted_on):
            latest = one
    return latest
