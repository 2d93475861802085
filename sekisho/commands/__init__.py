"""What each command of ``sekisho`` does; the words of the command line are in `sekisho.cli`."""
