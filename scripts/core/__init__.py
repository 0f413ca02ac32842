"""Used by every verb and room, uses none of them: errors, console, AWS session."""
