"""What ``make_zoo_graphs.py`` packages, and how it is found out."""
