"""Where simulated boilers stand: districts of one climate each, in the city and in the county."""

from typing import NamedTuple

DAY_S = 86_400.0


class Site(NamedTuple):
    """A district.

    Attributes
    ----------
    mean_c, swing_c
        Mean of the year, and half of what lies between January and July. [degrees C]
    daily_c
        Half of what lies between night and afternoon. [K]
    """

    name: str
    region: str
    latitude: float
    longitude: float
    mean_c: float
    swing_c: float
    daily_c: float


#: Beijing's lowland and hills: January about -3 °C and -7 °C, July 27 °C and 23 °C (climate normals, rounded).
SITES: tuple[Site, ...] = (
    Site("haidian", "city", 39.96, 116.30, 12.5, 15.2, 4.5),
    Site("chaoyang", "city", 39.92, 116.44, 12.8, 15.2, 4.2),
    Site("fengtai", "city", 39.86, 116.29, 12.6, 15.3, 4.6),
    Site("yanqing", "county", 40.46, 115.97, 9.0, 16.0, 6.0),
    Site("miyun", "county", 40.38, 116.84, 10.6, 15.8, 5.8),
)
