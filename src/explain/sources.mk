# files of src/explain
