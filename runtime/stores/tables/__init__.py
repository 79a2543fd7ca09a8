"""What every store of a DynamoDB table stands on: keys, conditions, records."""
