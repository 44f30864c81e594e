/* export_rows.h - what the writers of exports share: one row per target and component. */
#ifndef AUS_EXPORT_ROWS_H
#define AUS_EXPORT_ROWS_H

#include "report/export.h"
#include "report/number.h"

/* start: of the sound in its file [s]; seconds: how long it is; top: the highest frequency [Hz]. The first failure sticks. */
typedef struct aus_export_writer { aus_ctx *ctx; aus_outfile *f; const aus_report *r; const aus_explanation *e; double start, seconds, top; aus_status status; } aus_export_writer;

/* A target's component; seconds of its file. band: whether f0 and f1 are less than everything. */
typedef struct aus_export_row { const char *target, *part; double t0, t1, f0, f1, value; const aus_weight *w; bool band; } aus_export_row;
aus_export_row aus_export_row_of(const aus_export_writer *w, int32_t target, int32_t i);

void aus_export_put(aus_export_writer *w, const char *text);
void aus_export_real(aus_export_writer *w, double v, int digits); /* nothing where v is no number */
/* "+0.12", "-3", "?" */
void aus_export_value(const aus_export_row *x, char text[AUS_NUMBER + 2]);

void aus_export_svl(aus_export_writer *w);
aus_status aus_export_npz(aus_export_writer *w, const char *path, int replace);

#endif
