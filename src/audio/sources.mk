# files of src/audio
