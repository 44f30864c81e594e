AUS_SOURCES += \
	src/report/chart.c \
	src/report/chart.h \
	src/report/chart_classes.c \
	src/report/chart_heat.c \
	src/report/chart_maps.h \
	src/report/chart_pairs.c \
	src/report/chart_png.c \
	src/report/chart_roll.c \
	src/report/chart_seen.c \
	src/report/chart_set.c \
	src/report/chart_set.h \
	src/report/chart_strips.c \
	src/report/chart_svg.c \
	src/report/chart_weights.c \
	src/report/compare.h \
	src/report/explanation_json.c \
	src/report/export.c \
	src/report/export.h \
	src/report/export_npz.c \
	src/report/export_rows.h \
	src/report/export_svl.c \
	src/report/facts.c \
	src/report/hershey.inc \
	src/report/html.c \
	src/report/html.h \
	src/report/listening.c \
	src/report/listening.h \
	src/report/listening_score.c \
	src/report/number.c \
	src/report/number.h \
	src/report/overlay.c \
	src/report/overlay.h \
	src/report/own_picture.c \
	src/report/page.c \
	src/report/page.h \
	src/report/page_desk.c \
	src/report/page_compare.c \
	src/report/page_frame.c \
	src/report/page_frame.h \
	src/report/page_made.c \
	src/report/page_numbers.c \
	src/report/page_said.c \
	src/report/page_see.c \
	src/report/page_set.c \
	src/report/page_set_parts.c \
	src/report/page_set.h \
	src/report/picture.c \
	src/report/picture.h \
	src/report/png.c \
	src/report/png.h \
	src/report/report.h \
	src/report/saved.c \
	src/report/saved.h \
	src/report/set.c \
	src/report/set.h \
	src/report/set_analysis.c \
	src/report/set_json.c \
	src/report/sound.c \
	src/report/sound.h \
	src/report/trust.c \
	src/report/whatif.c \
	src/report/whatif.h \
	src/report/where.c \
	src/report/where.h

# The page's style and scripts are files of their own; here they become C strings.
WEB_JS = \
	src/report/web/base.js \
	src/report/web/answers.js \
	src/report/web/desk.js \
	src/report/web/fft.js \
	src/report/web/see.js
EXTRA_DIST += src/report/web/page.css $(WEB_JS)
BUILT_SOURCES += page_css.inc page_js.inc
CLEANFILES += page_css.inc page_js.inc
TO_C_STRING = sed -e 's|^  *||' -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/'
page_css.inc: src/report/web/page.css
	$(AM_V_GEN)$(TO_C_STRING) $(srcdir)/src/report/web/page.css >$@
page_js.inc: $(WEB_JS)
	$(AM_V_GEN)for f in $(WEB_JS); do cat $(srcdir)/$$f; done | $(TO_C_STRING) >$@
src/report/page.lo: page_js.inc
src/report/page_frame.lo: page_css.inc

# Pages of sets.
SET_JS = \
	src/report/web/base.js \
	src/report/web/set_data.js \
	src/report/web/set_range.js \
	src/report/web/set_charts.js \
	src/report/web/set.js
EXTRA_DIST += src/report/web/set.css $(SET_JS)
BUILT_SOURCES += set_css.inc set_js.inc
CLEANFILES += set_css.inc set_js.inc
set_css.inc: src/report/web/set.css
	$(AM_V_GEN)$(TO_C_STRING) $(srcdir)/src/report/web/set.css >$@
set_js.inc: $(SET_JS)
	$(AM_V_GEN)for f in $(SET_JS); do cat $(srcdir)/$$f; done | $(TO_C_STRING) >$@
src/report/page_set.lo: set_css.inc set_js.inc
src/report/page.lo: page_css.inc page_js.inc
EXTRA_DIST += src/report/web/listening.js
BUILT_SOURCES += listening_js.inc
CLEANFILES += listening_js.inc
listening_js.inc: src/report/web/listening.js
	$(AM_V_GEN)$(TO_C_STRING) $(srcdir)/src/report/web/listening.js >$@
src/report/listening.lo: listening_js.inc

# The page of a comparison.
COMPARE_JS = src/report/web/base.js src/report/web/compare.js
EXTRA_DIST += src/report/web/compare.css src/report/web/compare.js
BUILT_SOURCES += compare_css.inc compare_js.inc
CLEANFILES += compare_css.inc compare_js.inc
compare_css.inc: src/report/web/compare.css
	$(AM_V_GEN)$(TO_C_STRING) $(srcdir)/src/report/web/compare.css >$@
compare_js.inc: $(COMPARE_JS)
	$(AM_V_GEN)for f in $(COMPARE_JS); do cat $(srcdir)/$$f; done | $(TO_C_STRING) >$@
src/report/page_compare.lo: compare_css.inc compare_js.inc
