"""The demo: ten days of history through the real rooms, then the same fleet live."""
