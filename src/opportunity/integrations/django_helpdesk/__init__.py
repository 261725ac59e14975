"""A django-helpdesk app: an internal note on every new ticket, and a panel on its page."""
