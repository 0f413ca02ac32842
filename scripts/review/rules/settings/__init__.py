"""Rules for settings of many services, most of them rows of a table."""
