"""What a benchmark found: values, files, pages, comparisons."""
