EXTRA_DIST += examples/pipe_model.py
