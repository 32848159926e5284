"""What `bench speed` measures, each beside a plain reference in the same run."""
