"""The desk: the page people work at. `app` wires it, `views` reads, `words` has its languages."""
