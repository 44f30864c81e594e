/* table.h - a manifest: tab-separated text with a line of column names. */
#ifndef AUS_TRAIN_TABLE_H
#define AUS_TRAIN_TABLE_H

#include "train/recipe.h"

typedef struct aus_table {
  aus_ctx *ctx;
  char *path, *text;
  int32_t columns, rows;
  const char **name;    /* [columns] */
  const char **cell;    /* [rows][columns] */
  int32_t *line;        /* [rows] of the file */
} aus_table;

aus_status aus_table_read(aus_ctx *ctx, const char *path, aus_table *out);
aus_status aus_table_parse(aus_ctx *ctx, const char *path, const char *text, size_t size, aus_table *out);
void aus_table_free(aus_table *t);
int32_t aus_table_column(const aus_table *t, const char *name); /* -1: none */

/* Whether a row meets all conditions "COLUMN=A,B" and "COLUMN!=A,B". What a recipe names must be a column: AUS_EFORMAT. */
aus_status aus_table_check(const aus_table *t, const aus_recipe *r, int32_t line, const aus_words *conditions);
bool aus_table_meets(const aus_table *t, int32_t row, const aus_words *conditions);

#endif
