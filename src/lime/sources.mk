# files of src/lime
