"""Self-supervised methods for speech enhancement, assembled from plugins.

Importing this package imports no torch: discovery and ``sslse list`` answer at once.
"""

__version__ = "0.1.0"
