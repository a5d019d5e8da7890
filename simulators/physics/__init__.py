"""The physics of a boiler and its home: pure functions over arrays of boilers, units in every name."""
