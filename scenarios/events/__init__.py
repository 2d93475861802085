"""Events in a running town: each family of events is a small module, `registry` knows them all.

An event changes the running town and brings it back. What is permitted and what must die while
it happens is the policy's word; the streams that run meanwhile are in `streams`.
"""
