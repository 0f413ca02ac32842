"""What training makes of a network: its twin, in a precision."""
