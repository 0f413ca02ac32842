"""S3's bytes: kept as files, digested on their way in, streamed on their way out. All the rest of S3 is moto's."""
