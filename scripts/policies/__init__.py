"""IAM's policy language: documents, patterns, conditions, actions. It uses neither plans nor AWS."""
