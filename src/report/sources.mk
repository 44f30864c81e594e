AUS_SOURCES += \
	src/report/explanation_json.c \
	src/report/html.c \
	src/report/html.h \
	src/report/page.c \
	src/report/picture.c \
	src/report/picture.h \
	src/report/png.c \
	src/report/png.h \
	src/report/report.h \
	src/report/trust.c

# The page's style and script are files of their own; here they become C strings.
EXTRA_DIST += src/report/page.css src/report/page.js
BUILT_SOURCES += page_css.inc page_js.inc
CLEANFILES += page_css.inc page_js.inc
TO_C_STRING = sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/'
page_css.inc: src/report/page.css
	$(AM_V_GEN)$(TO_C_STRING) $(srcdir)/src/report/page.css >$@
page_js.inc: src/report/page.js
	$(AM_V_GEN)$(TO_C_STRING) $(srcdir)/src/report/page.js >$@
src/report/page.lo: page_css.inc page_js.inc
