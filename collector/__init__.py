"""From the broker to the journal.

`session` talks MQTT and hands over `deliveries`; `codecs` read each dialect; `validate` drops what cannot be; `batch`
puts the rest in columns; `receiving` appends it to the journal and only then acknowledges. `storing` is the consumer
that writes the store.
"""
