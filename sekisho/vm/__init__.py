"""The same town in a Linux VM, on the kernel's own datapath: boot it, watch it, end it."""
