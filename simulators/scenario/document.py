"""YAML with its line numbers: every mistake is told with file, line and key, all of them at once."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

#: Far more than a scenario needs; a larger file is none.
LONGEST: Final = 1_000_000
_DURATION: Final = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?")


class ScenarioFault(ValueError):
    """The file is no scenario; the message has a line for each mistake."""


def compose(text: str, name: str) -> Node:
    """The nodes of a document; raises ScenarioFault. Nothing is constructed but texts, lists and tables."""
    if len(text) > LONGEST:
        raise ScenarioFault(f"{name}: expected at most {LONGEST} characters, got {len(text)}.")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ScenarioFault(f"{name}:{line}: {error.problem or error.context}.") from error
    except yaml.YAMLError as error:
        raise ScenarioFault(f"{name}: {error}.") from error
    except RecursionError:
        raise ScenarioFault(f"{name}: it is nested too deep.") from None
    if node is None:
        raise ScenarioFault(f"{name}: it is empty. Expected devices and steps.")
    _refuse_aliases(node, name)
    return node


def _refuse_aliases(root: Node, name: str) -> None:
    """A few aliases of aliases would make a file of a kilobyte endless."""
    seen: set[int] = set()
    left = [root]
    while left:
        node = left.pop()
        if id(node) in seen:
            raise ScenarioFault(f"{name}:{node.start_mark.line + 1}: anchors and aliases are not read; write it out.")
        seen.add(id(node))
        if isinstance(node, SequenceNode):
            left += node.value
        elif isinstance(node, MappingNode):
            left += [each for pair in node.value for each in pair]


@dataclass(slots=True)
class Reader:
    """Takes values out of nodes and notes what is wrong; what it gives for a mistake is of the right type."""

    name: str
    mistakes: list[str] = field(default_factory=list)

    def note(self, node: Node, path: str, sentence: str) -> None:
        """Remember a mistake."""
        where = f"{path}: " if path else ""
        self.mistakes.append(f"{self.name}:{node.start_mark.line + 1}: {where}{sentence}")

    def finish(self) -> None:
        """Raise ScenarioFault where there was any."""
        if self.mistakes:
            raise ScenarioFault("\n".join(self.mistakes))

    def table(self, node: Node, path: str, *, needs: Collection[str], may: Collection[str] = ()) -> Mapping[str, Node]:
        """The values of a table by their keys."""
        if not isinstance(node, MappingNode):
            self.note(node, path, f"expected a table with {', '.join(needs) or ', '.join(may)}.")
            return {}
        found: dict[str, Node] = {}
        for key, value in node.value:
            word = str(key.value)
            if word in found:
                self.note(key, _below(path, word), "it is there twice.")
            elif word not in needs and word not in may:
                known = ", ".join([*needs, *may])
                self.note(key, _below(path, word), f"there is no such key here; expected {known}.")
            else:
                found[word] = value
        for word in needs:
            if word not in found:
                self.note(node, path, f"{word} is missing.")
        return found

    def names(self, node: Node | None, path: str) -> Mapping[str, str]:
        """A table of texts under names of the author's own."""
        if node is None:
            return {}
        if not isinstance(node, MappingNode):
            self.note(node, path, "expected a table of names.")
            return {}
        return {str(key.value): self.text(value, _below(path, str(key.value))) for key, value in node.value}

    def sequence(self, node: Node, path: str) -> list[Node]:
        """The values of a list, which has at least one."""
        if not isinstance(node, SequenceNode) or not node.value:
            self.note(node, path, "expected a list with at least one entry.")
            return []
        return list(node.value)

    def text(self, node: Node, path: str) -> str:
        """A text as it is written, whatever YAML would make of it: an EPC of digits is no number."""
        if not isinstance(node, ScalarNode) or not node.value:
            self.note(node, path, "expected a text.")
            return "?"
        return str(node.value)

    def choice(self, node: Node, path: str, choices: Collection[str]) -> str:
        """One of these words."""
        word = self.text(node, path)
        if word not in choices and word != "?":
            self.note(node, path, f"expected one of {', '.join(choices)}, got {word!r}.")
            return "?"
        return word

    def number(self, node: Node | None, path: str, *, low: float, high: float, default: float = 0.0) -> float:
        """A number within bounds; `default` where there is none."""
        if node is None:
            return default
        text = str(node.value) if isinstance(node, ScalarNode) else "a list or table"
        try:
            value = float(text)
        except ValueError:
            self.note(node, path, f"expected a number, got {text!r}.")
            return max(low, default)
        if not low <= value <= high:
            self.note(node, path, f"expected {low:g} to {high:g}, got {text}.")
            return max(low, default)
        return value

    def whole(self, node: Node | None, path: str, *, low: int, high: int, default: int = 0) -> int:
        """A whole number within bounds."""
        value = self.number(node, path, low=low, high=high, default=default)
        if node is not None and value != int(value):
            self.note(node, path, f"expected a whole number, got {value:g}.")
        return int(value)

    def seconds(self, node: Node | None, path: str, *, default: float = 0.0) -> float:
        """A time: seconds, or such as 1h30m, 2m, 1.5s."""
        if node is None:
            return default
        text = str(node.value) if isinstance(node, ScalarNode) else ""
        found = _DURATION.fullmatch(text)
        if not text or found is None:
            self.note(node, path, f"expected seconds, or a time such as 1h30m or 2m5s, got {text!r}.")
            return default
        hours, minutes, seconds = (float(part or 0) for part in found.groups())
        return hours * 3600 + minutes * 60 + seconds


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
