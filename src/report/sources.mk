# files of src/report
