"""For tests of a town: a running town to ask, and what page one says as items of pytest.

`sekisho.testing.plugin` is what pytest loads; it reads the rest when a test needs it.
"""
