"""From labels to words: evidence, facts, playbook, plan, and the check of a reply."""
