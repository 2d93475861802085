"""What the network is: plans (``*.yaml``) and the only user of Mininet.

Knows how to bring a plan to life in network namespaces. Decides nothing about what is allowed.
"""

from sekisho.runtime.distribution import find_mininet

find_mininet()
