"""The ground floor: what every room may use.

Tables (`signals`, `kinds`, `codes`), values (`model`), their form on the wire (`wire`), durable logs between the
rooms (`journal`), measured history (`store`), the boilers (`register`), `settings`, `clock`, `errors`, and the
command line on top (`cli`).
"""

__version__ = "0.1.0"
