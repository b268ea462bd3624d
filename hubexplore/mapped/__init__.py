"""What a mapped data set shows, without widgets: maps, neighbours, mistakes, slices and disagreement."""
