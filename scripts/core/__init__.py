"""Errors, console, AWS session: every verb and package uses this one, and it uses none of them."""
