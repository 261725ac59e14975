"""The panel as a template tag."""
