ausincludedir = $(includedir)/auscult
# one line a header, so that several people's lines merge
ausinclude_HEADERS =
ausinclude_HEADERS += include/auscult/attrib.h
ausinclude_HEADERS += include/auscult/audio.h
ausinclude_HEADERS += include/auscult/auscult.h
ausinclude_HEADERS += include/auscult/bundle.h
ausinclude_HEADERS += include/auscult/core.h
ausinclude_HEADERS += include/auscult/dsp.h
ausinclude_HEADERS += include/auscult/eval.h
ausinclude_HEADERS += include/auscult/explain.h
ausinclude_HEADERS += include/auscult/fidelity.h
ausinclude_HEADERS += include/auscult/model.h
ausinclude_HEADERS += include/auscult/net.h
ausinclude_HEADERS += include/auscult/nmf.h
ausinclude_HEADERS += include/auscult/perturb.h
ausinclude_HEADERS += include/auscult/sep.h
ausinclude_HEADERS += include/auscult/train.h
