/* whatif.h - questions that the table of mixes answers without asking the model again. */
#ifndef AUS_WHATIF_H
#define AUS_WHATIF_H

#include <auscult/explain.h>

/* A row of the table, -1 when there is none; the model's answer to it. */
typedef struct aus_whatif { int64_t row; double answer; } aus_whatif;

/* The fewest parts that alone keep nine tenths of f(all) - f(nothing), and the fewest whose absence takes half of
 * it away. Among equals the most telling. Neither is given where it is all parts, or the difference is not positive. */
void aus_whatif_find(const aus_explanation *e, int32_t target, aus_whatif *enough, aus_whatif *gone);

#endif
