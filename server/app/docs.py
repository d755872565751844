"""/docs: every operation of the programming interface on one page of our own, without scripts or foreign hosts."""

from html import escape
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from server.web.static_files import asset

router = APIRouter(include_in_schema=False)

_STYLES = ("tokens.css", "base.css", "layout.css", "components.css", "pages.css")


@router.get("/docs")
def docs(request: Request) -> HTMLResponse:
    """The operations as /openapi.json describes them."""
    return HTMLResponse(_page(request.app.openapi()))


def _page(schema: dict[str, Any]) -> str:
    groups: dict[str, list[str]] = {}
    for path, operations in sorted(schema["paths"].items()):
        for method, operation in operations.items():
            tag = (operation.get("tags") or ["other"])[0]
            groups.setdefault(tag, []).append(_operation(method, path, operation))
    styles = "".join(f'<link rel="stylesheet" href="{asset(f"css/{name}")}">' for name in _STYLES)
    contents = "".join(f'<li><a href="#{escape(tag)}">{escape(tag)}</a></li>' for tag in sorted(groups))
    body = "".join(
        f'<section class="card" aria-labelledby="{escape(tag)}"><h2 id="{escape(tag)}">{escape(tag)}</h2>'
        f"<dl>{''.join(groups[tag])}</dl></section>"
        for tag in sorted(groups)
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>Programming interface: Orderlight</title>{styles}</head><body><main id="main">'
        "<h1>Programming interface</h1>"
        "<p>Send a key as <code>Authorization: Bearer ol_...</code>. Faults come as application/problem+json. "
        'The same for machines: <a href="/openapi.json">openapi.json</a>.</p>'
        f'<nav aria-label="Contents"><ul>{contents}</ul></nav>{body}</main></body></html>'
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    said = escape(operation.get("description") or operation.get("summary") or "")
    parameters = ", ".join(
        f"<code>{escape(parameter['name'])}</code> ({escape(parameter['in'])}"
        f"{', required' if parameter.get('required') else ''})"
        for parameter in operation.get("parameters", [])
    )
    takes = f"<dd>Parameters: {parameters}.</dd>" if parameters else ""
    return f"<dt><code>{escape(method.upper())} {escape(path)}</code></dt><dd>{said}</dd>{takes}"
