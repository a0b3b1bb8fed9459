"""Pages about what groups of customers are like."""
