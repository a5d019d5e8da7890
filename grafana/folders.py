"""Folders by role, and who may see or change what is in them.

Everybody who may log in sees the first; teams see and edit the others (Grafana's permission levels: 1 view, 2 edit). Rules
stand in a folder of their own, because Grafana makes it while it provisions rules, before it makes those of dashboards.
Administrators may always do everything.
"""

from dataclasses import dataclass

from grafana.spec import Folder
from grafana.words import Text


@dataclass(frozen=True)
class Shelf:
    """One folder: its uid, its title, and (role or team) -> permission."""

    uid: str
    title: Text
    roles: tuple[tuple[str, int], ...] = ()
    teams: tuple[tuple[str, int], ...] = ()


NOC_TEAM, ENGINEER_TEAM = "boilerwatch NOC", "boilerwatch engineers"
FOLDERS: dict[Folder, Shelf] = {
    "viewer": Shelf("bw-viewer", Text("boilerwatch", "锅炉监护"), (("Viewer", 1), ("Editor", 1)), ((ENGINEER_TEAM, 2),)),
    "noc": Shelf(
        "bw-noc", Text("boilerwatch NOC", "锅炉监护 值班"), teams=((NOC_TEAM, 1), (ENGINEER_TEAM, 2))
    ),
    "engineer": Shelf(
        "bw-engineer", Text("boilerwatch engineering", "锅炉监护 工程"), teams=((ENGINEER_TEAM, 2),)
    ),
    "alerts": Shelf(
        "bw-alerts", Text("boilerwatch alerts", "锅炉监护 告警规则"), teams=((NOC_TEAM, 1), (ENGINEER_TEAM, 2))
    ),
}  # fmt: skip
TEAMS = (NOC_TEAM, ENGINEER_TEAM)
