"""The answers of a run, which differ in a few numbers alone: written once, with places for these.

The text is the one that `answer_of` and the encoder would make, which tests hold for whole days of scans.
"""

import re
from functools import lru_cache
from operator import itemgetter
from typing import Final

from server.ingest.answers import answer_of
from server.ingest.encoding import json_text
from server.tracking import runs
from server.tracking.states import Action

#: The marks as they stand in JSON.
_UNIT: Final = json_text(runs.UNIT)[1:-1]
_COUNT: Final = json_text(runs.COUNT)[1:-1]
_MARKS: Final = re.compile(f"{re.escape(_UNIT)}|{re.escape(_COUNT)}")
#: Where the sequence belongs, at the very beginning.
_SEQUENCE: Final = '"sequence":0,'


@lru_cache(maxsize=1024)
def answering(action: Action, sentence: str, alerts: tuple[str, ...]) -> runs.Answer:
    """What makes the text of an answer from the sequence, the unit's number twice, and the count.

    A unit's number is the server's own, such as U-1000, and stands in JSON as it is.
    """
    verdict = runs.PASSED._replace(action=action, subject=runs.UNIT)
    text = json_text(answer_of(0, verdict, sentence, alerts)).replace("%", "%%").replace(_SEQUENCE, '"sequence":%d,', 1)
    marks = _MARKS.findall(text)
    text = text.replace(_UNIT, "%s").replace(_COUNT, "%d")
    if marks == [_UNIT, _UNIT, _COUNT]:
        return text.__mod__
    # A language may name the count first, or a unit twice.
    pick = itemgetter(0, *(1 if mark == _UNIT else 3 for mark in marks))
    return lambda told: text % pick(told)
