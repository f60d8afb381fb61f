"""The learned detector: which parts of a picture it looks at, the network, and hand-made statistics beside it."""
