"""The web console: pages for people, rendered here; scripts only sharpen them."""
