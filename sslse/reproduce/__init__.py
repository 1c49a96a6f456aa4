"""The paper's whole matrix of runs, and its tables and figures expected against obtained."""
