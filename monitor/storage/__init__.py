"""What this program keeps on disk, and how it is read and written."""
