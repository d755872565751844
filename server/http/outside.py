"""What leaves our house: each kind of answer names its internal fields, and a customer's documents do not have them.

A field that is left out tells less than one that is null: not even that there could be something.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, get_args, get_origin

from fastapi import Response
from pydantic import BaseModel

from server.http.fields import Shown

#: What pydantic leaves out: fields, and below them those of the answers they hold.
Withheld = dict[str, Any]


def told(answer: Shown, *, internal: bool) -> dict[str, Any]:
    """The answer as JSON for our own people whole, for a customer without what is internal."""
    return answer.model_dump(mode="json", exclude=None if internal else withheld(type(answer)))


def listed(model: type[BaseModel], items: Sequence[Any], *, more: bool, internal: bool = True) -> Response:
    """The body of a list of long documents, written at once; `next` is as in `as_json`."""
    body = model.model_construct(items=items, next=items[-1].number if more else None)
    left_out = None if internal else withheld(model)
    return Response(body.model_dump_json(exclude=left_out), media_type="application/json")


@cache
def withheld(model: type[BaseModel]) -> Withheld:
    """What a customer is not told of such an answer and of the answers it holds.

    >>> class Step(Shown):
    ...     internal = frozenset({"minutes"})
    ...     name: str
    ...     minutes: int
    >>> class Work(Shown):
    ...     steps: list[Step]
    >>> withheld(Work)
    {'steps': {'__all__': {'minutes': True}}}
    """
    own = model.internal if issubclass(model, Shown) else frozenset()
    found: Withheld = {}
    for name, field in model.model_fields.items():
        if name in own:
            found[name] = True
        elif below := _below(field.annotation):
            found[name] = below
    return found


def _below(annotation: Any) -> Withheld:
    """The same of what a field holds: an answer, perhaps none, or a list of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return withheld(annotation)
    found: Withheld = {}
    for inner in get_args(annotation):
        found |= _below(inner)
    return {"__all__": found} if found and get_origin(annotation) in (list, Sequence) else found
