"""The text of an answer from a template is the one that the encoder would write."""

import pytest

from server.ingest.answer_templates import answering
from server.ingest.answers import answer_of
from server.ingest.encoding import json_text
from server.tracking.runs import COUNT, PASSED, UNIT
from server.tracking.states import Action

SENTENCES = (
    "Cut done: {unit}, {count} of 50. Next: Weld.",
    "{count} of 50 cut, the last of them {unit}.",
    "{unit}: {count}. Bring {unit} to the “Weld” station, 100 % of it.",
    'A "quoted" name with a \\ and a %s in it: {unit}, {count}.',
    "Done: {unit}.",
    "Done.",
)


@pytest.mark.parametrize("sentence", SENTENCES)
@pytest.mark.parametrize("alerts", [(), ("Handle with care", 'Say "hello", 5 % off %d')])
def test_an_answer_from_a_template_reads_as_if_it_were_written_alone(sentence: str, alerts: tuple[str, ...]) -> None:
    verdict = PASSED._replace(action=Action.OPERATION_COMPLETED, order_id=7)

    write = answering(Action.OPERATION_COMPLETED, sentence.format(unit=UNIT, count=COUNT), alerts)

    for sequence, number, count in ((1, "U-1000", 1), (4711, "HU-7", 12)):
        said = sentence.format(unit=number, count=count)
        alone = json_text(answer_of(sequence, verdict._replace(subject=number), said, alerts))
        assert write((sequence, number, number, count)) == alone
