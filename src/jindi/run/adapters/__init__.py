"""Messages and files of others → events: formats read by declared mappings, problems with their place, nothing lost."""

from jindi.run.adapters.adapt import Adapted, Adapter, adapt_file
from jindi.run.adapters.mapping import AdapterMap, read_mapping
from jindi.run.adapters.shelf import shipped
from jindi.run.adapters.sketch import sketch

__all__ = ["Adapted", "Adapter", "AdapterMap", "adapt_file", "read_mapping", "shipped", "sketch"]
