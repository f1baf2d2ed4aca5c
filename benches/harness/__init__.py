"""What benches/run and benches/seed are made of. Only Python's standard library."""
