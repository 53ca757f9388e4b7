"""What is compared: the papers' methods and the whole monitor, run on prepared sound."""
