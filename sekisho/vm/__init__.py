"""The same town in a Linux VM, on the kernel's own datapath: booted, watched, ended.

The guest is this machine's own file system, read-only, under another kernel (virtme-ng); the
folder of the runs is the one place that it may write.
"""
