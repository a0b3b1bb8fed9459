"""What changes customers because of what they are like."""
