"""Several hosts and their devices: connects the hosts and joins their devices into one team."""
