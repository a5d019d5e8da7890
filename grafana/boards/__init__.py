"""The dashboards, one file each, each for one reader and one question."""
