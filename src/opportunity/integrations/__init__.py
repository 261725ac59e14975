"""Where helpdesks and pipelines embed the library: django-helpdesk, spaCy."""
