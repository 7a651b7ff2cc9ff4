"""Pages that a service writes: the skeleton and the look that all of them share, and how a template is filled in."""
