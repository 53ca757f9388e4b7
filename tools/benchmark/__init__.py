"""Speed, memory and cost, beside what a user would pick instead."""
