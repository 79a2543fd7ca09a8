"""DynamoDB, SQS, S3, EventBridge, KMS, Lambda and the Redshift Data API: the only home of boto3."""
