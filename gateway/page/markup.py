"""HTML without a template engine: every text is escaped, whoever sent it."""

from collections.abc import Iterable
from html import escape


class Markup(str):
    """Text that is HTML already; only this module and static files make it."""

    __slots__ = ()


Child = str | int | float | None | Iterable["Child"]
_VOID = frozenset({"meta", "link", "input", "br"})


def el(tag: str, /, *children: Child, **attributes: str | int | bool | None) -> Markup:
    """One element; `class_` stands for class, `aria_label` for aria-label; an attribute of True has no value.

    >>> el("p", "<b>", class_="note", hidden=True)
    '<p class="note" hidden>&lt;b&gt;</p>'
    """
    written = "".join(
        _attribute(key, value) for key, value in attributes.items() if value is not None and value is not False
    )
    if tag in _VOID:
        return Markup(f"<{tag}{written}>")
    return Markup(f"<{tag}{written}>{_text(children)}</{tag}>")


def _attribute(key: str, value: str | int | bool | None) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'


def _text(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, str | int | float):
        return escape(str(child))
    return "".join(_text(each) for each in child)


def join(children: Iterable[Child]) -> Markup:
    """Several one after the other."""
    return Markup(_text(children))
