"""Finds faults while they are small.

`engine` takes batches in journal order, cuts them at whole steps of arrival time, and shows them to the `catalogue`;
`fold` makes blocks of event time of them; `episodes` decides what is raised, updated or cleared and mints the ids;
`state` saves and restores all of it; `service` reads the journal and writes findings, `replay` does the same for files.
"""
