/* export.h - explanations as files that other tools open, and charts as files of their own. */
#ifndef AUS_EXPORT_H
#define AUS_EXPORT_H

#include "report/report.h"

typedef enum aus_export { AUS_EXPORT_AUDACITY, AUS_EXPORT_RAVEN, AUS_EXPORT_TEXTGRID, AUS_EXPORT_SV, AUS_EXPORT_SVL, AUS_EXPORT_JAMS, AUS_EXPORT_CSV, AUS_EXPORT_TSV, AUS_EXPORT_NPZ, AUS_EXPORTS } aus_export;
extern const char *const aus_export_name[AUS_EXPORTS]; /* "audacity", ... */

/* Every target's components, whole or not at all. AUS_EEXIST unless replace; AUS_EIO, AUS_ENOMEM. */
aus_status aus_export_write(aus_ctx *ctx, const aus_report *r, aus_export kind, const char *path, int replace);

/* The charts of a target: weights, waterfall, pairs, seen. name: for a file. AUS_OK with *bytes NULL: there is none. */
enum { AUS_CHARTS = 4 };
extern const char *const aus_chart_name[AUS_CHARTS];
aus_status aus_chart_file(aus_ctx *ctx, const aus_report *r, int32_t target, int32_t chart, bool png, void **bytes, size_t *size);

#endif
