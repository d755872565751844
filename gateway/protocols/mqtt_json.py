"""Messages from readers on an MQTT bus: one payload in, the reads it holds out. Sans-I/O."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from gettext import gettext as _
from types import MappingProxyType
from typing import ClassVar, Final

from gateway.protocols import json_shape
from gateway.protocols.json_shape import BARE, PRESETS, Shape, documents, find
from gateway.protocols.line import MAX_LENGTH
from gateway.protocols.options import CodeOptions, option, required, toml
from gateway.protocols.reads import CodeRead, Read, TagRead

#: Kinds of ignored messages that are counted by name; the names come from the wire, so they are bounded.
MAX_NAMED_KINDS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonFormat(CodeOptions):
    """What a reader's messages look like, whatever brings them."""

    preset: str = option("plain", "Whose JSON it is.", choices=tuple(PRESETS))
    mapping: Mapping[str, str] = option(
        MappingProxyType({}), 'Paths that differ from the preset, such as { epc = "data.idHex" }.'
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttOptions(JsonFormat):
    """Options of a reader that publishes to an MQTT broker (version 5)."""

    #: What is not acknowledged stays at the broker, which sends it again only after a reconnect.
    kept_by_broker: ClassVar[bool] = True

    topics: tuple[str, ...] = required("Topic filters to subscribe to.", example='["readers/gate-1/#"]')
    host: str = option("127.0.0.1", "The broker's name or address.")
    port: int = option(1883, "The broker's port; 8883 is usual with tls.", low=1, high=65_535)
    qos: int = option(1, "Highest quality of service to ask for.", choices=(0, 1))
    client_id: str = option("", "Name at the broker; empty: orderlight-<gateway>-<device>. Must be unique.")
    username: str = option("", "User at the broker.")
    password_file: str = option("", "File that holds the password; a relative path starts at gateway.toml.", path=True)
    tls: bool = option(False, "Encrypt, and check the broker's certificate.")
    ca_file: str = option("", "Certificate authority to trust instead of the system's; means tls.", path=True)
    keepalive_s: int = option(15, "Seconds without traffic before the connection is tested.", low=5, high=3600)
    session_expiry_s: int = option(
        86_400, "Seconds the broker keeps messages while the gateway is away.", low=0, high=4_294_967_294
    )
    max_in_flight: int = option(50, "Messages the broker may send before the first is stored.", low=1, high=1000)

    def check(self) -> list[str]:
        """The mistakes that only show when options are seen together."""
        mistakes = [mistake for topic in self.topics for mistake in _topic_mistakes(topic)]
        if not self.topics:
            mistakes.append(_('topics: empty. Name at least one, such as topics = ["readers/gate-1/#"].'))
        if not self.host:
            mistakes.append(_('host: empty. Write the broker\'s name, such as host = "127.0.0.1".'))
        if self.password_file and not self.username:
            mistakes.append(_("username: missing. password_file needs it; add username or remove password_file."))
        return mistakes + json_shape.mapping_mistakes(self.mapping)


def _topic_mistakes(topic: str) -> Iterator[str]:
    """MQTT 5.0 section 4.7: "#" stands alone and last, "+" fills a whole level, NUL is not allowed."""
    levels = topic.split("/")
    hash_right = all(level != "#" for level in levels[:-1]) and not any(
        "#" in level and level != "#" for level in levels
    )
    plus_right = not any("+" in level and level != "+" for level in levels)
    if not topic or "\0" in topic or len(topic.encode()) > 65_535 or not hash_right or not plus_right:
        yield _('topics: expected a topic filter such as "readers/gate-1/#", got {got}.').format(got=toml(topic))


class JsonReader:
    """Turns payloads into reads; what is no read is counted, what should have been one becomes a fault."""

    __slots__ = ("_named", "_plain", "_reader", "_shape", "counts")

    def __init__(self, reader: str, options: JsonFormat) -> None:
        self._reader = reader
        self._plain = options.preset in BARE
        self._shape: Shape = json_shape.shape_of(options.preset, options.mapping)
        self._named: set[str] = set()
        #: messages, tags, codes, faults, ignored, and ignored:<kind> since the start.
        self.counts: Counter[str] = Counter()

    def feed(self, payload: bytes) -> list[Read]:
        """The reads of one message, in its order."""
        self.counts["messages"] += 1
        text = payload.strip()
        if not text:
            self._ignore("empty")
            return []
        if self._plain and text[:1] not in (b"{", b"["):
            return [self._code(payload.rstrip(b"\r\n"))]
        try:
            found = list(documents(text.decode()))
        except (ValueError, RecursionError):
            # UnicodeDecodeError and JSONDecodeError are ValueErrors; absurd nesting ends in RecursionError.
            return [self._fault(payload, _("The message is not whole JSON."))]
        return [read for document in found for item in self._items(document) for read in self._read(item)]

    def _items(self, document: object) -> Iterator[object]:
        lists = self._shape.items.split("+")
        found = [find(document, path) for path in lists] if self._shape.items else [document]
        if all(part is None for part in found):
            self._ignore("no_items")
        for part in found:
            if isinstance(part, list):
                yield from part
            elif part is not None:
                yield part

    def _read(self, item: object) -> Iterator[Read]:
        shape = self._shape
        if not isinstance(item, Mapping):
            yield self._fault(_dump(item), _("The message holds no object where a tag was expected."))
        elif shape.event and find(item, shape.event) != shape.event_is:
            self._ignore(str(find(item, shape.event)))
        elif shape.drop and find(item, shape.drop) in (True, "true", 1):
            self._ignore(shape.drop)
        elif (read := self._tag(item) or self._coded(item)) is not None:
            yield read
        elif self._names_a_tag(item):
            yield self._fault(_dump(item), _("The tag's EPC is neither hex nor base64url."))
        else:
            self._ignore("no_read")

    def _tag(self, item: Mapping[str, object]) -> TagRead | None:
        shape = self._shape
        epc = _memory(item, shape.epc, shape.epc_base64url)
        if epc is None:
            return None
        self.counts["tags"] += 1
        return TagRead(
            self._reader,
            epc,
            antenna=json_shape.whole(find(item, shape.antenna), 0, 65_535),
            rssi_dbm=json_shape.dbm(find(item, shape.rssi), shape.rssi_unit),
            tid=_memory(item, shape.tid, shape.tid_base64url),
            reader_time=json_shape.moment(find(item, shape.time)),
            count=json_shape.whole(find(item, shape.count), 1, 1_000_000) or 1,
        )

    def _coded(self, item: Mapping[str, object]) -> CodeRead | None:
        code = find(item, self._shape.code)
        if not isinstance(code, str) or not code:
            return None
        # A lone surrogate is legal in JSON and has no UTF-8 form; it is kept visible, not refused.
        return self._code(code.encode("utf-8", "backslashreplace"))

    def _names_a_tag(self, item: Mapping[str, object]) -> bool:
        return find(item, f"{self._shape.epc} {self._shape.epc_base64url}") is not None

    def _code(self, code: bytes) -> CodeRead:
        if len(code) > MAX_LENGTH:
            fault = _("The code is longer than {limit} bytes and was cut.").format(limit=MAX_LENGTH)
            self.counts["faults"] += 1
            return CodeRead(self._reader, code[:MAX_LENGTH], truncated=True, fault=fault)
        self.counts["codes"] += 1
        return CodeRead(self._reader, code)

    def _fault(self, raw: bytes, fault: str) -> CodeRead:
        self.counts["faults"] += 1
        return CodeRead(self._reader, raw[:MAX_LENGTH], truncated=len(raw) > MAX_LENGTH, fault=fault)

    def _ignore(self, kind: str) -> None:
        self.counts["ignored"] += 1
        kind = kind[:40]
        if len(self._named) < MAX_NAMED_KINDS:
            self._named.add(kind)
        if kind in self._named:
            self.counts[f"ignored:{kind}"] += 1


def _memory(item: Mapping[str, object], hex_paths: str, base64url_paths: str) -> str | None:
    return json_shape.hex_text(find(item, hex_paths)) or json_shape.base64url_text(find(item, base64url_paths))


def _dump(item: object) -> bytes:
    return json.dumps(item, ensure_ascii=True).encode()
