"""The results of grading: a table, files for other programs, a page a student, a plot."""
