"""What is tried against a town: probes and their frames, and the only user of Scapy.

Knows how to build, send and hear packets. What should become of them is the policy's word.
"""
