"""A running Grafana, through grafana-client; whatever goes wrong becomes one sentence."""

from collections.abc import Callable
from typing import Any

import niquests
from grafana_client.api import GrafanaApi
from grafana_client.client import GrafanaException

from boilerwatch.errors import GrafanaError, SettingsError
from boilerwatch.settings import Settings

_WAY_OUT = "make a service account with the role Admin in Grafana and give its token as BOILERWATCH_GRAFANA__TOKEN"


class _UnknownError(GrafanaError):
    """Grafana knows no such thing."""


class Remote:
    """One Grafana, asked with one token.

    Parameters
    ----------
    settings
        `[grafana]`, and `[desk] grafana_url` where that says no address.

    Raises
    ------
    SettingsError
        If there is no address, it is none, or there is no token.
    """

    def __init__(self, settings: Settings) -> None:
        self.url = (settings.grafana.url or settings.desk.grafana_url).rstrip("/")
        token = settings.grafana.token.get_secret_value()
        if not self.url.startswith(("http://", "https://")):
            raise SettingsError(
                f"[grafana] url says {self.url!r}; it must be Grafana's address, such as http://grafana:3000"
            )
        if not token:
            raise SettingsError(f"there is no token for Grafana at {self.url}: {_WAY_OUT}")
        prefixed = (
            self.url if self.url.count("/") < 3 else f"{self.url}/"
        )  # grafana-client puts `api` right behind a prefix
        self.api = GrafanaApi.from_url(prefixed, credential=token, timeout=settings.grafana.timeout_s)

    def close(self) -> None:
        """Release connections."""
        self.api.client.s.close()

    def ask(self, what: str, call: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Return what Grafana answers.

        Parameters
        ----------
        what
            What is tried, as it goes on after "may not".

        Raises
        ------
        GrafanaError
            If it does not answer, refuses, or something else answers in its place.
        """
        try:
            answer = call(*args, **named)
        except GrafanaException as exc:
            raise self._refused(what, exc) from exc
        except niquests.exceptions.JSONDecodeError as exc:
            raise GrafanaError(f"what answers at {self.url} is not Grafana: no JSON where `{what}` was asked") from exc
        except (niquests.exceptions.RequestException, OSError) as exc:
            why = str(exc) or type(exc).__name__
            raise GrafanaError(f"Grafana at {self.url} does not answer: {why:.200}", retryable=True) from exc
        if isinstance(answer, str):
            raise self._page(what, 200)
        return answer

    def find(self, what: str, call: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Return what Grafana answers, None where it knows no such thing."""
        try:
            return self.ask(what, call, *args, **named)
        except _UnknownError:
            return None

    def _page(self, what: str, status: int) -> GrafanaError:
        return GrafanaError(
            f"what answers at {self.url} is a page and not Grafana's API (status {status}, while it should {what}): "
            "is there a proxy or its login in front, or a path missing in [grafana] url?"
        )

    def _refused(self, what: str, exc: GrafanaException) -> GrafanaError:
        status, told = int(exc.status_code or 0), exc.response
        if isinstance(told, str) and told.lstrip().startswith("<"):
            return self._page(what, status)
        said = str(told.get("message", told) if isinstance(told, dict) else told or exc.message)[:200]
        why = told.get("status") if isinstance(told, dict) else ""
        if status == 404:
            return _UnknownError(f"Grafana at {self.url} could not {what}: {said}")
        if status >= 500 or not status:
            return GrafanaError(
                f"Grafana at {self.url} is in trouble ({status}) and did not {what}: {said}", retryable=True
            )
        changed = (
            f"Grafana did not {what}: {said}{f' ({why})' if why else ''}; somebody else changed it: see --diff, then push again, "
            "or push with --overwrite"
        )
        sentences = {
            401: f"Grafana at {self.url} does not know this token: {_WAY_OUT}",
            403: f"the token may not {what} (Grafana at {self.url}: {said}); it needs the role Admin",
            409: changed, 412: changed,
        }  # fmt: skip
        return GrafanaError(sentences.get(status, f"Grafana at {self.url} refused to {what} ({status}): {said}"))
