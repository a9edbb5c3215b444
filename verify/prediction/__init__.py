"""How a converted checkpoint classifies images."""
