"""The bytes of S3 objects: stored as files, checked at upload, streamed at download. moto does the rest of S3."""
