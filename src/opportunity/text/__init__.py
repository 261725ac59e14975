"""What a message is made of: guards, cleaning, masking, language and tokens."""
