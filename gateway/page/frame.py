"""What all pages share: head, navigation, and the places for what stays and what changes."""

from gettext import gettext as _

from gateway.page.markup import Markup, el, join

_REFRESH_SECONDS = 5


def frame(
    name: str, path: str, title: str, *, live: Markup, still: Markup | None = None, results: Markup | None = None
) -> Markup:
    """A whole page. Without JavaScript it loads anew by itself, unless somebody may be typing."""
    refresh = el("noscript", el("meta", http_equiv="refresh", content=_REFRESH_SECONDS)) if still is None else None
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("title", f"{title} · {name}"),
        el("link", rel="stylesheet", href="/page.css"),
        el("link", rel="icon", href="/lamp.svg", type="image/svg+xml"),
        refresh,
        el("script", src="/page.js", defer=True),
    )
    main = el(
        "main",
        el("h1", title, class_="unseen"),
        el("p", _("The gateway does not answer; what you see is old."), id="lost", role="alert", hidden=True),
        still,
        el("div", results, id="results", aria_live="polite") if still is not None else None,
        el("div", live, id="live"),
    )
    body = el("body", _header(name, path), main)
    # A catalogue names its own language here, such as "de".
    return join([Markup("<!doctype html>"), el("html", head, body, lang=_("en"))])


def _header(name: str, path: str) -> Markup:
    pages = (("/", _("Readers")), ("/codes", _("Scanner test")))
    links = [el("a", title, href=href, aria_current="page" if href == path else None) for href, title in pages]
    brand = el("a", el("span", class_="brand-lamp", aria_hidden="true"), name, href="/", class_="brand")
    return el("header", brand, el("nav", links, aria_label=_("Pages")), class_="top")
