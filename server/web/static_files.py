"""Static files: addressed by their content, so that browsers may keep them for a year."""

import hashlib
from functools import cache
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from server.settings.build import program_version

HERE = Path(__file__).parent
STATIC = HERE / "static"
TEMPLATES = HERE / "templates"


class KeptFiles(StaticFiles):
    """Serves /static; an address that names the content (`?v=`) may be kept for ever, any other asks again."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        named = scope.get("query_string", b"").startswith(b"v=")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if named else "no-cache"
        return response


def static_app() -> KeptFiles:
    """The application that `server.app` mounts at /static."""
    return KeptFiles(directory=STATIC)


@cache
def asset(path: str) -> str:
    """The address of a static file, with a hash of its bytes; raises FileNotFoundError for a file we do not ship."""
    digest = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"


@cache
def build() -> str:
    """What pages are made of, as one short word: the live stream tells it, and a page of another build reloads."""
    digest = hashlib.sha256(program_version().encode())
    for folder in (STATIC, TEMPLATES):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
