"""What pages call an office: a role, or a unit's managers by the name that the municipality gave the unit."""

from jinja2 import pass_context
from jinja2.runtime import Context

from shared.units import Units
from shared.web.pages import t


@pass_context
def office(context: Context, role: str) -> str:
    """`manager/reception` in the reader's language. A unit that nobody has named is shown by its code."""
    name, _, code = role.partition("/")
    if not code:
        return t(context, f"role.{name}")
    units: Units = context["units"]
    if code not in units:
        return t(context, "role.manager-of.code", unit=code)
    return t(context, "role.manager-of", unit=units.name(code, context["lang"]))
