"""How many images a checkpoint gets right, counted exactly once each, whatever crashes."""
