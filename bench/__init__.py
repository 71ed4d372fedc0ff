"""Benchmarks: how long the pages take on a large synthetic corpus, beside the raw query that they rest on."""
