"""Several hosts and their devices: how hosts find each other, and what they agree on."""
