"""A picture that a form brought along, beside its fields."""

from typing import Annotated

from fastapi import Depends
from starlette.datastructures import UploadFile
from starlette.requests import Request

from server.catalog.picture_bytes import MAX_BYTES, Picture, read_picture
from server.errors import Invalid
from server.web.entry import fault_of
from server.web.forms import Form

#: The field of the file; `picture` in what is checked then is its hash.
FIELD = "picture_file"


async def _sent(request: Request) -> bytes | None:
    """The bytes of the chosen file, a little more than are allowed at most; None when none was chosen."""
    # What leaves the block closes its files; the text of the fields stays.
    async with request.form() as posted:
        file = posted.get(FIELD)
        if not isinstance(file, UploadFile) or not file.filename:
            return None
        return await file.read(MAX_BYTES + 1)


SentDep = Annotated[bytes | None, Depends(_sent)]


def chosen_picture(form: Form, sent: bytes | None) -> Picture | None:
    """The picture; raises Fault about its field."""
    try:
        return None if sent is None else read_picture(sent, field=FIELD)
    except Invalid as refusal:
        raise fault_of(form, refusal) from refusal
