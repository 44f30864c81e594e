# files of src/dsp
