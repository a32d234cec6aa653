"""The S3 door: every asset is a bucket."""
