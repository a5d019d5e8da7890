"""Findings become tickets, tickets keep promises.

`policy` is the plan as data; `stages` decide what a finding may do; `taking` puts it into an episode and a ticket in
one SQL transaction with the journal's position; `ticket` computes state and clocks from the append-only transitions;
`sweep` stamps warnings and breaches with when they fell due; `actions` is what people do; `notices` tells people;
`desk` is the page.
"""
