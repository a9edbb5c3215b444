"""What a converted checkpoint sees in images."""
