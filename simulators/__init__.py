"""A fleet that behaves like boilers, for files and for a broker; it knows only the ground floor and the wire."""
