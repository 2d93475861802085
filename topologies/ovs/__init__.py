"""A private Open vSwitch: its daemon, its database, its tables and caches."""
