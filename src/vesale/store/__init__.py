"""What an installation keeps between commands: its key and the log of its readings; predictions are made elsewhere."""
