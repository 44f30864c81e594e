# files of src/sep
