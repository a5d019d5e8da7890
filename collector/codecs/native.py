"""The native dialect: `boilers/{site}/{boiler}/telemetry|event|status`; telemetry in bulk, the rest one by one."""

from boilerwatch.model import Source
from boilerwatch.wire import EVENT, ROOT, STATUS, TELEMETRY, parse_topic
from collector.codecs.draft import Draft, Message
from collector.codecs.live_codes import LiveCodes
from collector.codecs.telemetry import Telemetry, decode_json

_REMEMBERED = 2_000_000


class Native:
    """Reads native topics.

    Attributes
    ----------
    telemetry
        Reads a whole batch that is nothing but telemetry of known topics.
    """

    name = "native"

    def __init__(self) -> None:
        self.telemetry = Telemetry()
        self._leaves: dict[bytes, tuple[Source, str] | None] = {}

    def subscriptions(self) -> list[str]:
        """Return one filter a leaf."""
        return [f"{ROOT}/+/+/{leaf}" for leaf in (TELEMETRY, EVENT, STATUS)]

    def owns(self, topic: str) -> bool:
        """Return whether the topic begins as a native one; a bad id in it is ours to refuse."""
        return topic.startswith(f"{ROOT}/")

    def live_codes(self) -> list[LiveCodes]:
        """Return the codes its gateways show, to be kept over a restart."""
        return []

    def read(self, messages: list[Message], draft: Draft) -> None:
        """Read telemetry in bulk, events and statuses one by one, in order."""
        run: list[Message] = []
        self.telemetry.forget_many()
        for message in messages:
            place = self._place(message.topic)
            if place is not None and place[1] == TELEMETRY and not message.retained:
                run.append(message)
                continue
            self._read_run(run, draft)
            run = []
            if place is None:
                why = "bad topic: not boilers/{site}/{boiler}/telemetry|event|status with ids of A-Z a-z 0-9 _ -"
                draft.refuse(message, why)
                continue
            number = draft.number_of(place[0])
            if place[1] == STATUS:
                _read_status(message, number, draft)
            elif message.retained:
                draft.count(number, "retained")
            else:
                _read_event(message, number, draft)
        self._read_run(run, draft)

    def _read_run(self, run: list[Message], draft: Draft) -> None:
        if run:
            topics, payloads = [message.topic for message in run], [message.payload for message in run]
            self.telemetry.read([self.telemetry.ids[topic] for topic in topics], topics, payloads, draft)

    def _place(self, topic: bytes) -> tuple[Source, str] | None:
        if topic not in self._leaves:
            if len(self._leaves) > _REMEMBERED:  # hostile topics must not fill the memory
                self._leaves.clear()
            self._leaves[topic] = _place_of(topic)
        place = self._leaves[topic]
        if place is not None and place[1] == TELEMETRY:
            self.telemetry.learn(topic, place[0])
        return place


def _place_of(topic: bytes) -> tuple[Source, str] | None:
    try:
        parsed = parse_topic(topic.decode())
    except UnicodeDecodeError:
        return None
    return None if parsed is None else (Source(parsed.boiler, parsed.site, parsed.boiler), parsed.leaf)


def _read_event(message: Message, source: int, draft: Draft) -> None:
    try:
        plain = decode_json(message.payload)
    except ValueError as exc:
        draft.refuse(message, str(exc), source)
        return
    code = plain.get("code") if isinstance(plain, dict) else None
    if not isinstance(code, (str, int)) or isinstance(code, bool) or code == "":
        draft.refuse(message, 'wrong shape: an event is {"ts", "code", "active"}', source)
        return
    active = plain.get("active", True)
    if not isinstance(active, bool):
        draft.refuse(message, "wrong shape: active is neither true nor false", source)
        return
    ts = draft.received_at_ms if plain.get("ts") is None else draft.time_of(plain["ts"])
    if isinstance(ts, str):
        draft.refuse(message, ts, source)
        return
    draft.add_event(source, ts, str(code), active, stamped=plain.get("ts") is None)
    draft.count(source, "accepted")


def _read_status(message: Message, source: int, draft: Draft) -> None:
    if message.payload not in (b"online", b"offline"):
        draft.refuse(message, "wrong shape: a status is online or offline", source)
        return
    draft.add_status(source, message.payload == b"online", retained=message.retained)
    draft.count(source, "status")
