"""What differs in each change: attribute by attribute, without noise and drift."""
