"""The desk: the page people work at.

`app` wires it; `guard` keeps bodies bounded and headers strict; `pages` shows, `acting` takes what people do, `api` and
`hooks` speak with programs, `events` keeps pages fresh; `views`, `boiler_view` and `figures` read; `rendering` and
`words` have the templates' context and languages.
"""
