"""Where the installation's page of traces is, and on it the way of one subject. Pure."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

SUBJECT, LANG = "{subject}", "{lang}"


def address(url: str | None, lang: str, subject: str | None = None) -> str | None:
    """The page of traces, or its view of `subject`; None where there is none.

    In the query of `url`, `{subject}` stands for the id and `{lang}` for the reader's language; without a subject, what
    holds one is left out.
    """
    if not url or (subject is not None and SUBJECT not in url):
        return None
    parts = urlsplit(url)
    pairs = [
        (name, value.replace(SUBJECT, subject or "").replace(LANG, lang))
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
        if subject is not None or SUBJECT not in value
    ]
    return urlunsplit(parts._replace(query=urlencode(pairs)))
