"""Looks at a Grafana and says what has to change. Everything is read before anything is written."""

from typing import Any

from boilerwatch.settings import Settings
from grafana.alerts import GROUP, INTERVAL_S, RULES, contact_points, plain_rule
from grafana.boards.registry import boards
from grafana.build import datasource, secrets
from grafana.changes import Change, says
from grafana.folders import FOLDERS, TEAMS, Shelf
from grafana.remote import Remote
from grafana.render import render
from grafana.spec import PROMETHEUS, PROMETHEUS_UID, Board
from grafana.variables import DESK
from grafana.words import Language

_OURS_TO_SET = ("id", "version")


class Plan:
    """What has to change on one Grafana.

    Parameters
    ----------
    overwrite
        Whether to write over what somebody else changed meanwhile.
    renew
        Whether to send secrets of data sources although they are there: Grafana never tells them.
    """

    def __init__(
        self, remote: Remote, settings: Settings, language: Language, *, overwrite: bool = False, renew: bool = False
    ) -> None:  # fmt: skip
        self._remote = remote
        self._settings = settings
        self._language: Language = language
        self._overwrite = overwrite
        self._renew = renew
        self._api = remote.api
        self._teams: dict[str, int] = {}

    def changes(self) -> list[Change]:
        """Return what has to change, in order: teams, data sources, folders with their boards, contact points, rules.

        Raises
        ------
        GrafanaError
            If Grafana does not let itself be read.
        """
        org = self._remote.ask("read its organisation", self._api.organization.get_current_organization)
        found = [change for name in TEAMS for change in self._team(name)]
        found += self._sources()
        for folder, shelf in FOLDERS.items():
            found += self._folder(shelf)
            found += [change for board in boards() if board.folder == folder for change in self._board(board, shelf)]
            found += self._permissions(shelf)
        return found + self._contacts() + self._rules(int(org["id"]))

    def _team(self, name: str) -> list[Change]:
        what = f"read team {name}"
        known = self._remote.find(what, self._api.teams.get_team_by_name, name) or []
        if known:
            self._teams[name] = int(known[0]["id"])
            return []

        def do() -> None:
            answer = self._remote.ask(f"create team {name}", self._api.teams.add_team, {"name": name})
            self._teams[name] = int(answer["teamId"])

        def undo() -> None:
            self._remote.ask(f"delete team {name}", self._api.teams.delete_team, self._teams.pop(name))

        return [Change("team", name, None, {"name": name}, do, undo)]

    def _sources(self) -> list[Change]:
        influx = datasource(self._settings)
        influx["url"] = self._settings.grafana.influx_url or influx["url"]
        more, secret = secrets(self._settings)
        influx["jsonData"] = influx["jsonData"] | more
        found = self._source(influx, secret)
        if self._settings.grafana.prometheus_url:
            url = self._settings.grafana.prometheus_url
            name = "boilerwatch processes"
            plain = {
                "name": name,
                "uid": PROMETHEUS_UID,
                "type": PROMETHEUS,
                "access": "proxy",
                "url": url,
                "jsonData": {},
            }
            found += self._source(plain, {})
        return found

    def _source(self, plain: dict[str, Any], secret: dict[str, str]) -> list[Change]:
        name, uid, api = plain["name"], plain["uid"], self._api.datasource
        before = self._remote.find(f"read data source {name}", api.get_datasource_by_uid, uid)
        known = (before or {}).get("secureJsonFields") or {}
        if before is not None and says(plain, before) and not self._renew and all(known.get(one) for one in secret):
            return []
        body = plain | ({"secureJsonData": secret} if secret else {})

        def do() -> None:
            if before is None:
                self._remote.ask(f"create data source {name}", api.create_datasource, body)
            else:
                self._remote.ask(f"change data source {name}", api.update_datasource_by_uid, uid, body)

        def undo() -> None:
            if before is None:
                self._remote.ask(f"delete data source {name}", api.delete_datasource_by_uid, uid)
            else:
                self._remote.ask(f"restore data source {name}", api.update_datasource_by_uid, uid, before)

        return [Change("data source", name, before, plain, do, undo)]

    def _folder(self, shelf: Shelf) -> list[Change]:
        title, api = shelf.title.of(self._language), self._api.folder
        before = self._remote.find(f"read folder {title}", api.get_folder, shelf.uid)
        if before is not None and before["title"] == title:
            return []

        def do() -> None:
            if before is None:
                self._remote.ask(f"create folder {title}", api.create_folder, title, shelf.uid)
            else:
                version = before.get("version")
                self._remote.ask(
                    f"rename folder {title}", api.update_folder, shelf.uid, title, version, self._overwrite
                )

        def undo() -> None:
            if before is None:
                self._remote.ask(f"delete folder {title}", api.delete_folder, shelf.uid)
            else:
                self._remote.ask(
                    f"rename folder {before['title']}", api.update_folder, shelf.uid, before["title"], None, True
                )

        return [Change("folder", title, before, {"title": title, "uid": shelf.uid}, do, undo)]

    def _permissions(self, shelf: Shelf) -> list[Change]:
        title, api = shelf.title.of(self._language), self._api.folder
        before = self._remote.find(f"read permissions of {title}", api.get_folder_permissions, shelf.uid)
        known = [_grant(one) for one in before or [] if one.get("role") != "Admin" and not one.get("inherited")]

        def wanted() -> list[dict[str, Any]]:
            ours: list[dict[str, Any]] = [{"role": role, "permission": level} for role, level in shelf.roles]
            ours += [{"teamId": self._teams[team], "permission": level} for team, level in shelf.teams]
            mine = {one.get("teamId") for one in ours}
            theirs = [one for one in known if "userId" in one or ("teamId" in one and one["teamId"] not in mine)]
            return ours + theirs

        if before is not None and all(team in self._teams for team, _ in shelf.teams) and _same(wanted(), known):
            return []
        after = [{"role": r, "permission": p} for r, p in shelf.roles] + [
            {"team": t, "permission": p} for t, p in shelf.teams
        ]

        def do() -> None:
            self._remote.ask(f"set permissions of {title}", api.update_folder_permissions, shelf.uid, wanted())

        def undo() -> None:
            if before is not None:
                self._remote.ask(f"restore permissions of {title}", api.update_folder_permissions, shelf.uid, known)

        return [Change("permissions of folder", title, before, after, do, undo)]

    def _board(self, board: Board, shelf: Shelf) -> list[Change]:
        plain = render(board, self._language, self._settings.desk.public_url or DESK)
        ours = {name: value for name, value in plain.items() if name not in _OURS_TO_SET}
        api, title = self._api.dashboard, plain["title"]
        before = self._remote.find(f"read dashboard {title}", api.get_dashboard, board.uid)
        theirs, meta = (before["dashboard"], before["meta"]) if before else (None, {})
        if theirs is not None and says(ours, theirs) and meta.get("folderUid") == shelf.uid:
            return []

        def save(dashboard: dict[str, Any], folder: str, overwrite: bool, message: str) -> None:
            body = {"dashboard": dashboard, "folderUid": folder, "overwrite": overwrite, "message": message}
            self._remote.ask(f"save dashboard {title}", api.update_dashboard, body)

        def do() -> None:
            place = {"id": None} if theirs is None else {"id": theirs.get("id"), "version": theirs.get("version", 0)}
            save(ours | place, shelf.uid, self._overwrite, "boilerwatch grafana push")

        def undo() -> None:
            if theirs is None:
                self._remote.ask(f"delete dashboard {title}", api.delete_dashboard, board.uid)
            else:
                save(theirs, meta.get("folderUid", ""), True, "a push was taken back")

        return [Change("dashboard", title, theirs, ours, do, undo)]

    def _contacts(self) -> list[Change]:
        """Create the examples that are not there; what people made of them is theirs."""
        api = self._api.alertingprovisioning
        known = {one.get("uid") for one in self._remote.ask("read contact points", api.get_contactpoints)}
        found = []
        for plain in contact_points():
            if plain["uid"] in known:
                continue
            found.append(self._contact(plain))
        return found

    def _contact(self, plain: dict[str, Any]) -> Change:
        api, name = self._api.alertingprovisioning, plain["uid"]

        def do() -> None:
            self._remote.ask(f"create contact point {name}", api.create_contactpoint, plain, True)

        def undo() -> None:
            self._remote.ask(f"delete contact point {name}", api.delete_contactpoint, name)

        return Change("contact point", name, None, plain, do, undo)

    def _rules(self, org: int) -> list[Change]:
        shelf, api = FOLDERS["alerts"], self._api.alertingprovisioning
        before = self._remote.find("read alert rules", api.get_rule_group, shelf.uid, GROUP)
        placed = {"orgID": org, "folderUID": shelf.uid, "ruleGroup": GROUP}
        rules = [plain_rule(rule, self._language) | placed for rule in RULES]
        after = {"title": GROUP, "folderUid": shelf.uid, "interval": INTERVAL_S, "rules": rules}
        if before is not None and says(after, before):
            return []

        def do() -> None:
            self._remote.ask("set alert rules", api.update_rule_group, shelf.uid, GROUP, after)

        def undo() -> None:
            if before is not None:
                self._remote.ask("restore alert rules", api.update_rule_group, shelf.uid, GROUP, before)
                return
            for rule in RULES:
                self._remote.ask(f"delete alert rule {rule.uid}", api.delete_alertrule, rule.uid)

        return [Change("alert rules", GROUP, before, after, do, undo)]


def _grant(item: dict[str, Any]) -> dict[str, Any]:
    """Return a permission as it is written: for a role, a team or a user."""
    for name in ("role", "teamId", "userId"):
        if item.get(name):
            return {name: item[name], "permission": item["permission"]}
    return {"permission": item["permission"]}


def _same(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> bool:
    return sorted(map(str, ours)) == sorted(map(str, theirs))
