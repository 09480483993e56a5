"""What it costs: figures taken side by side in one run, on the full path of the product."""
