"""An e-mail address that a mail server of today takes: one plain line, its domain in the form that travels."""

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def plain_address(value: str) -> str:
    """`Name@Kåre.Example` → `Name@xn--kre-ula.example`. PydanticCustomError `email_form` when it cannot be sent to."""
    local, at, domain = value.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode().lower()
    except UnicodeError:
        at = ""
    labels = domain.split(".")
    good = at and len(local) <= 64 and len(value) <= 254 and _LOCAL.fullmatch(local) and len(labels) > 1
    if not (good and all(_LABEL.fullmatch(label) for label in labels)):
        raise PydanticCustomError("email_form", "not an e-mail address")
    return f"{local}@{domain}"


EmailAddress = Annotated[str, StringConstraints(max_length=254), AfterValidator(plain_address)]
