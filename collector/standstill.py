"""Tells people that nothing is acknowledged any more, because the disk or the journal's cap refuses, and that it goes on.

Sent beside the collector's own work: a channel that hangs must not keep it from reading and pinging.
"""

import threading

import structlog

from boilerwatch.channels import Channels
from boilerwatch.clock import Clock

TELL_S = 10.0

log = structlog.get_logger()


class Standstill:
    """How long nothing could be made durable.

    Parameters
    ----------
    channels
        Whom to tell.
    after_s
        How long it must have lasted, `TELL_S` without. [s]
    """

    def __init__(self, channels: Channels, clock: Clock, after_s: float | None = None) -> None:
        self._channels = channels
        self._clock = clock
        self._after_s = TELL_S if after_s is None else after_s
        self._since_s: float | None = None
        self._is_told = False

    def refused(self, why: str) -> None:
        """Take note that a batch was refused; tell it once when that lasts."""
        now_s = self._clock.monotonic_s()
        if self._since_s is None:
            self._since_s = now_s
            log.error("batch_not_durable", error=why, hint="nothing is acknowledged; the broker queues")
        if not self._is_told and now_s - self._since_s >= self._after_s:
            self._is_told = True
            text = f"boilerwatch: nothing is acknowledged for {now_s - self._since_s:.0f} s, the broker queues: {why}"
            self._tell("stopped", text)

    def went_on(self) -> None:
        """Take note that a batch is durable again."""
        if self._since_s is None:
            return
        lasted_s = self._clock.monotonic_s() - self._since_s
        log.warning("durable_again", lasted_s=round(lasted_s))
        if self._is_told:
            self._tell("goes_on", f"boilerwatch: messages are acknowledged again, after {lasted_s:.0f} s")
        self._since_s, self._is_told = None, False

    def _tell(self, state: str, text: str) -> None:
        now_ms = self._clock.now_ms()
        notice = {
            "key": f"collector-{state}-{now_ms}",
            "room": "collector",
            "action": f"collector_{state}",
            "text": text,
        }
        args = (notice, f"collector {state.replace('_', ' ')}", text, now_ms)
        threading.Thread(target=self._channels.send, args=args, daemon=True).start()
