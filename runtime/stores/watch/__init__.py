"""What SQS and CloudWatch tell of an installation's queues."""
