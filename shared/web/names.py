"""Names beside other words on a page, whichever way their script runs."""

from unicodedata import bidirectional


def isolated(name: str) -> str:
    """The name. One in Arabic or Hebrew script stands between the two marks that keep what is beside it in its place:
    without them the number of the day after it is shown before it."""
    return f"\u2068{name}\u2069" if any(bidirectional(letter) in ("R", "AL") for letter in name) else name
