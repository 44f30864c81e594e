# files of src/format
