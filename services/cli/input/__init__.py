"""What a command line gives: options of the contract, moments, personal texts."""
