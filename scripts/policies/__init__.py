"""IAM's policy language: documents, patterns, conditions, actions, and what it decides. No plans, no AWS."""
