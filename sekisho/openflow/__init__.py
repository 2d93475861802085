"""OpenFlow 1.3 as values: rules, tables, dumps, and a reference switch."""
