/* lasso.h - the lasso path from second moments. Internal. */
#ifndef AUS_LIME_LASSO_H
#define AUS_LIME_LASSO_H

#include "lime/lime.h"

/* Called with w[d] at the end of each piece of the path, from the most regularised on. */
typedef void (*lime_lasso_fn)(void *user, const double *w);
aus_status lime_lasso_walk(aus_ctx *ctx, int32_t d, const double *gram, const double *zy, lime_lasso_fn visit, void *user);

#endif
