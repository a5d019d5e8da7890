"""The errors a person can act on; each message names the thing, the place and the way out.

BoilerwatchError
├── SettingsError      a setting is wrong: exit code 2
├── InputError         a file, payload or argument cannot be read: exit code 2
├── JournalError       a journal cannot be opened, is held by another writer, or is full
│   └── JournalFull    the size cap is reached: stop taking input, keep what is there
├── StoreError         the store does not answer or refuses
├── GrafanaError       Grafana does not answer or refuses
└── TicketError        a transition that the ticket's state does not allow
"""


class BoilerwatchError(Exception):
    """Root of every error this project raises on purpose.

    Parameters
    ----------
    message
        A sentence: what is wrong, where, and what to do.
    retryable
        Whether the same call may succeed later without a change by a person.
    """

    exit_code = 1

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


class SettingsError(BoilerwatchError):
    """A setting is wrong."""

    exit_code = 2


class InputError(BoilerwatchError):
    """A file, payload or argument cannot be read."""

    exit_code = 2


class JournalError(BoilerwatchError):
    """A journal cannot be used."""


class JournalFull(JournalError):  # noqa: N818 -- it names a state, as `queue.Full` does
    """A journal has reached its size cap."""


class StoreError(BoilerwatchError):
    """The store does not answer or refuses."""


class TicketError(BoilerwatchError):
    """A transition that the ticket's state does not allow."""

    exit_code = 2


class GrafanaError(BoilerwatchError):
    """Grafana does not answer, or refuses."""
