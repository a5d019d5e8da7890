"""How good the detectors are: fleets, the catalogue beside a plain-threshold detector, figures, the page they stand on."""
