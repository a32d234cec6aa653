"""The Python SDK: a hub's folders, assets, versions, evaluations and runs as objects."""
