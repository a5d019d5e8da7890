"""The variables of the boards: region, then its sites, then their models, then their boilers.

"All" sites are those of the chosen regions, one by one; so boards filter by site alone, and what has no region of its own (a
district's incident) follows the choice of a region too. Boilers that nobody registered are in the region `unknown`. Boilers are
listed 500 at most; the text box narrows them by the beginning of an id.
"""

from grafana.influxql import begins, chosen, tag_values
from grafana.spec import Variable
from grafana.words import Text

#: At which address people reach the desk, when nothing else is said.
DESK = "http://127.0.0.1:8300"
BOILERS_LISTED = 500

REGION = Variable(
    "region", Text("Region", "区域"), tag_values("fleet_minute", "region", most=100), all_value=".*"
)  # fmt: skip
SITE = Variable(
    "site", Text("Site", "站点"), tag_values("fleet_minute", "site", chosen("region", "region"), most=1_000)
)  # fmt: skip
_OF_PLACE = (chosen("region", "region"), chosen("site", "site"))
MODEL = Variable(
    "model", Text("Model", "型号"), tag_values("boiler_fact", "model", *_OF_PLACE, most=200), all_value=".*"
)  # fmt: skip
FIND = Variable("find", Text("Id begins with", "编号开头"), kind="textbox", is_multi=False, has_all=False)
_OF_CHOICE = (*_OF_PLACE, chosen("model", "model"), begins("boiler", "find"))
_LISTED = tag_values("boiler_fact", "boiler", *_OF_CHOICE, most=BOILERS_LISTED)
BOILERS = Variable("boiler", Text("Boilers", "锅炉"), _LISTED)
BOILER = Variable("boiler", Text("Boiler", "锅炉"), _LISTED, is_multi=False, has_all=False)


def desk(address: str) -> Variable:
    """Return the constant that links to tickets begin with."""
    return Variable(
        "desk", Text("Desk", "工单台"), kind="constant", is_multi=False, has_all=False, value=address.rstrip("/")
    )
