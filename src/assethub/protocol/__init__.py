"""The JSON between client and server, declared once."""
