"""A collector without a broker: messages are put where the session would put them."""

from pathlib import Path

from boilerwatch.clock import ManualClock
from boilerwatch.columns import decode
from boilerwatch.journal import READINGS, open_reader
from boilerwatch.ledger import Account, open_ledger
from boilerwatch.model import Batch
from boilerwatch.settings import DataSettings, Settings
from collector.deliveries import Deliveries
from collector.quarantine import Quarantine
from collector.receiving import Receiving


class Collector:
    """Receiving, its settings, and up to where it acknowledged."""

    def __init__(self, folder: Path, clock: ManualClock, **sections: object) -> None:
        self.settings = Settings.model_validate({"data": DataSettings(dir=folder), **sections})
        self.receiving = Receiving(self.settings, clock)
        self.acknowledged = 0
        self._sent = 0
        self.receiving.session.acknowledge = self._acknowledge  # type: ignore[method-assign]

    def take(self, *messages: tuple[bytes, bytes] | tuple[bytes, bytes, bool]) -> bool:
        """Have these come at once and one batch closed; whether it is durable."""
        if messages:
            self._sent += len(messages)
            retained = [place for place, message in enumerate(messages) if len(message) > 2 and message[2]]
            topics, payloads = [message[0] for message in messages], [message[1] for message in messages]
            self.receiving._take(Deliveries(topics, payloads, retained, self._sent))
        return self.receiving.turn()

    def batches(self) -> list[Batch]:
        """Return what is in the journal, without ticks."""
        reader = open_reader(self.settings, READINGS)
        found = [decode(row.body) for row in reader.read(0, 10_000)]
        reader.close()
        return [batch for batch in found if batch.sources]

    def accounts(self) -> dict[str, Account]:
        """Count the journal in a ledger; every account balances."""
        ledger = open_ledger(self.settings)
        ledger.apply(1, self.batches())
        found = {one.boiler: one for one in ledger.accounts()}
        assert all(one.balanced for one in found.values())
        ledger.close()
        return found

    def reasons(self) -> dict[str, int]:
        """Return what the quarantine holds, by reason."""
        kept = Quarantine(self.settings.data.dir / "quarantine.sqlite")
        found = {group.reason: group.payloads for group in kept.groups()}
        kept.close()
        return found

    def close(self) -> None:
        self.receiving.close()

    def _acknowledge(self, upto: int) -> None:
        self.acknowledged = max(self.acknowledged, upto)
