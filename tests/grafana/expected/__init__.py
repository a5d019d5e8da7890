"""What each panel, annotation, variable and rule must say, computed beside the store: one file a board."""
