"""Plans that ship with the product, as YAML."""
