# files of fuzz
