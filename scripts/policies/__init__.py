"""IAM's policy language: documents, patterns, conditions, actions; decides one request. It uses neither plans nor AWS."""
