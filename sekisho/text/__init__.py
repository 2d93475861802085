"""What is said: what a terminal may be given, columns, and the machine's troubles in words."""
